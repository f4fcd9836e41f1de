"""A climb of a loss that lasts to the end of the log."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import fmean, median

from ml_debugger.artifacts import Curve
from ml_debugger.curves.guessing import classes_of
from ml_debugger.curves.levels import condensed, recovered_climb, trailing_levels
from ml_debugger.curves.noise import scatter
from ml_debugger.curves.points import Points
from ml_debugger.curves.significance import rank_sum_p

_SHORT = 12
"""Points below which a window would leave nothing: single values are compared."""

_LASTING = 3
_REGAINED = 0.03
"""A climb of less than this share of the whole improvement is the noise of a tiny loss."""

_AT_GUESS = 0.015
_ABOVE_GUESS = 1.5
_MANY = 20
_MOST = 0.7
_GREW = 3.0
_BEFORE = 40


@dataclass(frozen=True, slots=True)
class Climb:
    """From the lowest level to the end of the log.

    `rise` is relative to the lowest level, 0 where it does not count. `low` is the position of
    the lowest level, `recovered` the greatest earlier climb that was made good. `growing` marks
    growth that ends in values that are not finite.
    """

    rise: float
    low: int
    bottom: float
    end: float
    recovered: float
    growing: bool = False

    def none(self) -> Climb:
        """The same stretch, with a rise that does not count."""
        return replace(self, rise=0.0)


def lasting_climb(points: Points, rates: Points | None) -> Climb:
    """The climb of a loss of at least 5 points; `rates` are its learning rates, if logged."""
    short = condensed(points)
    values = short.values
    count = len(values)
    positive = min(values) > 0
    scaled = [math.log(v) for v in values] if positive else list(values)
    width = 1 if count < _SHORT else max(3, count // 20)
    levels = trailing_levels(scaled, width)
    low = len(levels) - 1 - levels[::-1].index(min(levels))
    bottom = levels[low]
    tail = scaled[-max(2 if count < _SHORT else 3, count // 8) :]
    end = median(tail)
    recovered = recovered_climb(levels[: low + 1])
    made = Climb(
        0.0,
        points.at.index(short.at[min(low + width - 1, count - 1)]),
        math.exp(bottom) if positive else bottom,
        math.exp(end) if positive else end,
        math.expm1(min(recovered, 50.0)) if positive else recovered,
    )
    rise = end - bottom
    after = scaled[low + width :]
    improvement = values[0] - made.bottom
    counts = (
        rise > 2 * recovered
        and rise > 4 * _noise(scaled) / math.sqrt(width)
        and (end - median(scaled[max(0, low - width) : low + 2 * width])) > 0.5 * rise
        and made.end - made.bottom > _REGAINED * max(values[0] - made.bottom, 0.0)
        and len(after) >= max(len(tail), _LASTING)
        and sum(value > bottom + rise / 2 for value in tail) >= 0.9 * len(tail)
        and (count >= _SHORT or _one_after_another(scaled[low:]))
        and not _coming_down(after, bottom)
        and not _starts_again(short, low)
        and not (_at_once(scaled[low:], rise) and len(after) < 0.3 * count and end < levels[0])
        and not (_rate_rose(short, rates, low) and end < levels[0])
    )
    if not counts:
        return made
    if positive:
        return replace(made, rise=math.expm1(min(rise, 50.0)))
    unit = max(improvement, abs(made.bottom), 5 * _noise(scaled))
    return replace(made, rise=rise / unit if unit > 0 else 0.0)


def above_a_guess(points: Points) -> Climb | None:
    """A loss that begins at that of a uniform guess and never comes back to it.

    The updates of the first few steps threw it up, before any level was there to climb from.
    """
    values = points.values
    classes = classes_of(values[0], _AT_GUESS)
    if classes is None or len(values) < _MANY:
        return None
    later = values[len(values) // 2 :]
    end = median(later[-max(3, len(values) // 8) :])
    if min(later) <= values[0] or end < _ABOVE_GUESS * values[0]:
        return None
    return Climb(end / values[0] - 1, 0, values[0], end, 0.0)


def final_growth(curve: Curve, points: Points) -> Climb | None:
    """Growth over the last finite points before a loss that is not finite from there on."""
    last = points.at[-1]
    if last == len(curve.values) - 1:
        return None
    values = points.values
    start = len(values) - 1
    while start > 0 and values[start - 1] < values[start]:
        start -= 1
    before = values[max(0, start + 1 - _BEFORE) : start + 1]
    usual = median(before)
    steps = len(values) - 1 - start
    if steps < 2 or usual <= 0 or values[-1] <= _GREW * max(usual, max(before[-3:])):
        return None
    return Climb(values[-1] / usual - 1, start, usual, values[-1], 0.0, growing=True)


def _noise(scaled: Sequence[float]) -> float:
    """Scatter of single points, the greater of the robust and the plain estimate.

    The robust one alone is blind to a tail; the plain one takes in the climb as well, which
    costs a climb of n points no more than a share of 3 / sqrt(n) of it.
    """
    steps = [after - before for before, after in pairwise(scaled)]
    return max(scatter(scaled), math.sqrt(fmean([step * step for step in steps]) / 2))


def _starts_again(points: Points, low: int) -> bool:
    """The counter of steps goes back after the minimum: another run, or a resumed one."""
    return any(before > after for before, after in pairwise(points.steps[low:]))


def _at_once(values: Sequence[float], rise: float) -> bool:
    """Most of the rise within four points: what a restart of the schedule looks like at first."""
    return any(values[i + 4] - values[i] > _MOST * rise for i in range(max(0, len(values) - 4)))


def _one_after_another(values: Sequence[float]) -> bool:
    """Each value above the one before: the only sign of persistence in a short log."""
    return all(before < after for before, after in pairwise(values))


def _coming_down(after: Sequence[float], bottom: float) -> bool:
    """The climb has passed its peak and the second half of what follows lies lower."""
    peak = max(range(len(after)), key=after.__getitem__)
    since = after[peak:]
    if len(since) < 4:
        return False
    half = len(since) // 2
    first, second = since[:half], since[half:]
    fall = median(first) - median(second)
    return fall > 0.15 * (median(first) - bottom) and rank_sum_p(first, second) < 0.05


def _rate_rose(points: Points, rates: Points | None, low: int) -> bool:
    """The learning rate rose by half or more at or after the minimum."""
    if rates is None or len(rates) < 2:
        return False
    step = points.steps[low]
    before = [v for s, v in zip(rates.steps, rates.values, strict=True) if s <= step]
    after = [v for s, v in zip(rates.steps, rates.values, strict=True) if s >= step]
    return bool(before and after) and max(after) > 1.5 * min(before[-1], after[0]) > 0
