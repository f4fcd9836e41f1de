"""Numbers as logs write them."""

from __future__ import annotations

import re

NUMBER = r"[-+]?(?:(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?|(?:nan|inf(?:inity)?)(?:\.0)?)"
"""A number, or a literal nan or inf in any case; Lightning's progress bar writes `nan.0`."""

_NON_FINITE = re.compile(r"([-+]?(?:nan|inf(?:inity)?))\.0", re.IGNORECASE)


def number(text: str) -> float | None:
    """The number that a cell holds; None for a blank, for `null` and for anything else.

    A blank means "not logged"; only a literal nan was computed.
    """
    text = text.strip(" \t\"'")
    if not text or "_" in text or not text.isascii():
        return None
    try:
        return float(text)
    except ValueError:
        odd = _NON_FINITE.fullmatch(text)
        return float(odd.group(1)) if odd is not None else None


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
