"""A curve in one line of characters."""

from __future__ import annotations

import math

from ml_debugger.artifacts import Curve
from ml_debugger.report.style import Style

BLOCKS = "▁▂▃▄▅▆▇█"
ASCII = "_.-:=+*#"
NOT_FINITE = "x"
"""Stands where the log says NaN or infinite."""


def column(step: float, first: float, last: float, width: int) -> int:
    """The column, from 0, in which a step is drawn."""
    if last <= first:
        return 0
    share = (step - first) / (last - first)
    return min(width - 1, max(0, round(share * (width - 1))))


def sparkline(curve: Curve, first: float, last: float, width: int, style: Style) -> str:
    """The curve between two steps, one character a column, the mean of what falls there.

    A column without a value repeats the one before it; before the first value it is blank.
    """
    cells: list[list[float]] = [[] for _ in range(width)]
    for step, value in zip(curve.steps, curve.values, strict=True):
        cells[column(step, first, last, width)].append(value)
    means = [math.fsum(cell) / len(cell) if _finite(cell) else math.nan for cell in cells]
    known = [mean for mean in means if not math.isnan(mean)]
    low, high = (min(known), max(known)) if known else (0.0, 0.0)
    marks = BLOCKS if style.unicode else ASCII
    drawn = ""
    for cell, mean in zip(cells, means, strict=True):
        if not cell:
            drawn += drawn[-1:] or " "
        elif math.isnan(mean):
            drawn += NOT_FINITE
        else:
            share = (mean - low) / (high - low) if high > low else 0.0
            drawn += marks[min(len(marks) - 1, int(share * len(marks)))]
    return drawn


def _finite(cell: list[float]) -> bool:
    return bool(cell) and all(math.isfinite(value) for value in cell)
