"""When a volume will be full at its present rate, from samples of its free space."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, median

LEAST_SAMPLES = 6
LEAST_HOURS = 1.0
REACH = 4.0
"""How far ahead a trend is believed, in lengths of what was seen: prometheus/node_exporter's
mixin predicts 24 hours from 6."""
STEADY = 0.9
"""Least share of the scatter that the straight line explains (R squared)."""
_BUCKET = 1 / 12
_FREED = 0.1


@dataclass(frozen=True, slots=True)
class Filling:
    """A steady fall of free space: bytes an hour, hours until none is left, and its evidence."""

    rate: float
    hours: float
    samples: int


def filling(hours: Sequence[float], free: Sequence[float]) -> Filling | None:
    """The trend of free bytes over times in hours, ascending; None where there is none to tell.

    Of samples within five minutes the last counts. The trend begins after the last time that
    space was freed (a rise by a tenth of the range or more). It must rest on six samples over
    an hour or more, be nearly straight, still go on in its later half, and reach no further ahead
    than four times what was seen. The slope is that of Theil and Sen, which single outliers do
    not move (Sen, "Estimates of the regression coefficient based on Kendall's tau", 1968).
    """
    points = _since_freed(_thinned(hours, free))
    if len(points) < LEAST_SAMPLES or points[-1][0] - points[0][0] < LEAST_HOURS:
        return None
    slope = _slope(points)
    later = points[len(points) // 2 :]
    if slope >= 0 or _slope(later) > slope / 2 or _straight(points) < STEADY:
        return None
    seen = points[-1][0] - points[0][0]
    left = max(0.0, points[-1][1]) / -slope
    return Filling(-slope, left, len(points)) if left <= REACH * seen else None


def _thinned(hours: Sequence[float], free: Sequence[float]) -> list[tuple[float, float]]:
    buckets = {math.floor(at / _BUCKET): (at, left) for at, left in zip(hours, free, strict=True)}
    return list(buckets.values())


def _since_freed(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    levels = [left for _, left in points]
    if not levels:
        return points
    least = _FREED * (max(levels) - min(levels))
    for i in range(len(points) - 1, 0, -1):
        if levels[i] - levels[i - 1] > least:
            return points[i:]
    return points


def _slope(points: Sequence[tuple[float, float]]) -> float:
    return median(
        (b[1] - a[1]) / (b[0] - a[0])
        for i, a in enumerate(points)
        for b in points[i + 1 :]
        if b[0] > a[0]
    )


def _straight(points: Sequence[tuple[float, float]]) -> float:
    """R squared of the least-squares line."""
    x, y = [at for at, _ in points], [left for _, left in points]
    x0, y0 = fmean(x), fmean(y)
    sxx = sum((a - x0) ** 2 for a in x)
    syy = sum((b - y0) ** 2 for b in y)
    sxy = sum((a - x0) * (b - y0) for a, b in points)
    return sxy * sxy / (sxx * syy) if sxx > 0 and syy > 0 else 0.0
