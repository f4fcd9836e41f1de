"""Numbers as logs write them."""

from __future__ import annotations

import re

NUMBER = r"[-+]?(?:(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?|(?:nan|inf(?:inity)?)(?:\.0)?)"
"""A number, or a literal nan or inf in any case; Lightning's progress bar writes `nan.0`."""

_WHOLE = re.compile(NUMBER, re.IGNORECASE)


def number(text: str) -> float | None:
    """The number that a cell holds; None for a blank, for `null` and for anything else."""
    text = text.strip().strip("\"'")
    if _WHOLE.fullmatch(text) is None:
        return None
    # a blank means "not logged"; only a literal nan was computed
    return float(text.lower().removesuffix(".0") if text[-3:].lower() in ("n.0", "f.0", "y.0")
                 else text)  # fmt: skip


def as_number(value: object) -> float | None:
    """The number that a JSON value holds; None for booleans, null, texts and containers."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        try:
            return float(value)
        except OverflowError:
            return float("inf") if value > 0 else float("-inf")
    return number(value) if isinstance(value, str) and len(value) <= 40 else None
