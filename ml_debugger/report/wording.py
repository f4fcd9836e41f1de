"""Measured values and evidence in words, the same in every output."""

from __future__ import annotations

import math

from ml_debugger.contract import ResultEvidence


def number(value: float | int | str | bool | None) -> str:
    """A measured value with at most six digits."""
    if isinstance(value, float):
        return f"{value:,.6g}" if math.isfinite(value) else str(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return str(value)


def fact(evidence: ResultEvidence) -> str:
    """One piece of evidence on one line: name, value, unit, limit, place."""
    unit = f" {evidence.unit}" if evidence.unit else ""
    if evidence.value == 1 and unit.endswith("s") and not unit.endswith("ss"):
        unit = unit.removesuffix("s")
    limit = "" if evidence.limit is None else f" (limit {number(evidence.limit)})"
    where = f", {evidence.where}" if evidence.where else ""
    return f"{evidence.name.replace('_', ' ')}: {number(evidence.value)}{unit}{limit}{where}"
