"""Measured values and evidence in words, the same in every output."""

from __future__ import annotations

import math

from ml_debugger.contract import ResultEvidence

COUNTERS = ("epoch", "step", "round", "iteration")
"""Units in which a value is a place in a training, not an amount."""


def number(value: float | int | str | bool | None) -> str:
    """A measured value with at most six digits."""
    if isinstance(value, float):
        return f"{value:,.6g}" if math.isfinite(value) else str(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return str(value)


def percent(share: float | int | str | bool | None) -> str:
    """A share in percent, at three digits; at six where three would hide it."""
    if not isinstance(share, int | float) or not math.isfinite(share):
        return number(share)
    rounded = f"{100 * share:.3g}"
    exact = "e" in rounded or (rounded == "100" and share != 1)
    return f"{100 * share:,.6g} %" if exact else f"{rounded} %"


def fact(evidence: ResultEvidence) -> str:
    """One piece of evidence on one line: name, value, unit, limit, place.

    Shares are told in percent, also those "of" something; a place in a training as "epoch 40".
    """
    unit = evidence.unit or ""
    shares = unit.partition(" ")[0] == "share" and not isinstance(evidence.value, str)
    say = percent if shares else number
    value = say(evidence.value)
    if unit in COUNTERS:
        value = f"{unit} {value}"
    elif shares:
        value += unit.removeprefix("share")
    # "correlation: 0.9 correlation" says nothing twice
    elif unit and unit != evidence.name:
        one = evidence.value == 1 and not unit.endswith("ss")
        value += f" {unit.removesuffix('s') if one else unit}"
    limit = "" if evidence.limit is None else f" (limit {say(evidence.limit)})"
    where = f", {evidence.where}" if evidence.where else ""
    return f"{evidence.name.replace('_', ' ')}: {value}{limit}{where}"
