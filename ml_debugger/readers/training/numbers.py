"""Numbers as logs write them."""

from __future__ import annotations

import math
import re

NUMBER = (
    r"[-+]?(?:1\.\#(?:IND|QNAN|SNAN|INF)\d*|"
    r"(?:\d+(?:\.\d*)?|\.\d+)(?:[eEdD][-+]?\d+)?|"
    r"(?:nan(?:\([\w\#]*\))?|inf(?:inity)?)(?:\.0)?)"
)
"""A number, or a nan or inf in any case: Lightning's progress bar writes `nan.0`, C libraries
`-nan(ind)` or `1.#IND`, Fortran (and so scipy's L-BFGS) exponents with a D."""

_ODD = re.compile(
    r"([-+]?)(?:(inf(?:inity)?|1\.#INF\d*)|(nan)|1\.#\w+)(?:\(.*\)|\.0)?", re.IGNORECASE
)
_FORTRAN = re.compile(r"([-+]?[\d.]+)[dD]([-+]?\d+)")
_THOUSANDS = re.compile(r"[-+]?\d{1,3}(?:,\d{3})+(?:\.\d+)?")
_COMMA = re.compile(r"[-+]?\d+,\d+(?:[eE][-+]?\d+)?")


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
        return _unusual(text)


def _unusual(text: str) -> float | None:
    odd = _ODD.fullmatch(text)
    if odd is not None:
        sign = -1.0 if odd.group(1) == "-" else 1.0
        return math.copysign(math.inf, sign) if odd.group(2) else math.nan
    fortran = _FORTRAN.fullmatch(text)
    if fortran is not None:
        return number(f"{fortran.group(1)}e{fortran.group(2)}")
    return None


def separated(text: str, decimal_comma: bool) -> float | None:
    """The number in a text where a comma marks thousands or, if `decimal_comma`, decimals."""
    value = number(text)
    if value is not None or "," not in text:
        return value
    if decimal_comma and _COMMA.fullmatch(text):
        return number(text.replace(",", "."))
    return number(text.replace(",", "")) if _THOUSANDS.fullmatch(text) else None


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
