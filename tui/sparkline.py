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
    means = [_mean(cell) for cell in cells]
    known = [mean for mean in means if not math.isnan(mean)]
    low, high = (min(known), max(known)) if known else (0.0, 0.0)
    span = high / 2 - low / 2  # halves, because the whole may be beyond the largest float
    marks = BLOCKS if style.unicode else ASCII
    drawn = ""
    for cell, mean in zip(cells, means, strict=True):
        if not cell:
            drawn += drawn[-1:] or " "
        elif math.isnan(mean):
            drawn += NOT_FINITE
        else:
            share = (mean / 2 - low / 2) / span if span > 0 else 0.0
            drawn += marks[min(len(marks) - 1, int(share * len(marks)))]
    return drawn


def _mean(cell: list[float]) -> float:
    """NaN for an empty cell and for one that holds a value which is not finite."""
    if not cell or not all(math.isfinite(value) for value in cell):
        return math.nan
    mean = sum(value / len(cell) for value in cell)
    return min(max(mean, min(cell)), max(cell))
