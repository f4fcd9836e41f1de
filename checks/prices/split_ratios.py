"""The ratios by which shares are split and put together."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

RATIOS = (1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 10.0, 12.0, 15.0, 20.0, 25.0, 30.0, 40.0, 50.0)
"""Splits that companies declare."""
REVERSE = 2.0
"""Least reverse split: shares are put together by whole numbers, and 3:2 is a stock dividend."""


def nearest(row: Mapping[str, Any]) -> tuple[float, float]:
    """How far a move, without the market's, is from the nearest ratio (in logarithms), and which.

    The nearest ratio of a leap is a reverse split.
    """
    own = row["move"] - row["market"]
    ratios = (k for k in RATIOS if own < 0 or k >= REVERSE)
    return min((abs(abs(own) - math.log(k)), k) for k in ratios)


def said(row: Mapping[str, Any]) -> str:
    """A split in words, with its ratio."""
    _, ratio = nearest(row)
    shares = "3:2" if ratio == 1.5 else f"{ratio:g}:1"
    return f"a split of {shares}" if row["move"] < 0 else f"a reverse split of {shares}"
