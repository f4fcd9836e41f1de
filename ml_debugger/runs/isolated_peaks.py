"""Peaks of a loss that stand alone and go back at once."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

from ml_debugger.curves.levels import condensed
from ml_debugger.curves.noise import spread
from ml_debugger.curves.points import Points
from ml_debugger.curves.tail import tail_reach

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FEWEST = 20
_SIDE = 5
_LONGEST = 3
_CHANCE = 0.001
_SCATTERS = 8.0
_GAP = 2.0
_CLEAR = 6.0
_CLEAR_OF_MANY = 2.5
_RETURNED = 0.35
_RARE = 0.01
_ABOVE_START = 3.0
_LEARNT = 0.8
_ENOUGH = 50


@dataclass(frozen=True, slots=True)
class Peak:
    """One peak: `at` is its position, `before` the level it rose from, `height` relative to it."""

    at: int
    before: float
    value: float
    height: float


def isolated_peaks(points: Points) -> list[Peak]:
    """Peaks of at most three points beyond the curve's own upper tail, greatest first.

    `points` are those after the warm-up. The level is the higher one of the medians of the five
    points on either side, so that a step up is no peak.
    """
    values = points.values
    count = len(values)
    if count < FEWEST or min(values) <= 0:
        return []
    scaled = [math.log(value) for value in values]
    peaks = []
    for at in _outliers(_residuals(scaled, _SIDE), _noise(scaled, _SIDE)):
        before = median(scaled[max(0, at - _SIDE) : at] or scaled[:1])
        height = scaled[at] - before
        if at >= _SIDE and _returns(scaled, at, before, height):
            peaks.append(Peak(at, math.exp(before), values[at], math.expm1(min(height, 50.0))))
    return peaks


def _outliers(residuals: Sequence[float], noise: Sequence[float]) -> list[int]:
    """The greatest residuals that a gap parts from the rest, beyond the reach of its tail.

    Few points stand for a heavy tail only badly: below 50 the distances asked for are greater.
    """
    count = len(residuals)
    most = max(_LONGEST, math.ceil(_RARE * count))
    order = sorted(range(count), key=residuals.__getitem__, reverse=True)
    ordered = sorted(noise, reverse=True)
    usual = spread(noise)
    scatters, gap = (_SCATTERS, _GAP) if count >= _ENOUGH else (2 * _SCATTERS, 2 * _GAP)
    for few in range(min(most, 20), 0, -1):
        lowest = residuals[order[few - 1]]
        bound = max(scatters * usual, gap * max(ordered[few], 0.0))
        # a gap below one peak may be chance, the same gap below several hardly
        clearly = max(_CLEAR_OF_MANY, _CLEAR ** (1 / few))
        clear = lowest > clearly * max(ordered[few], 0.0) and lowest > bound
        if count >= _ENOUGH and lowest > bound and not clear:
            bound = max(bound, tail_reach(noise, few, _CHANCE))
        if lowest > bound:
            return order[:few]
    return []


def hump(points: Points, rates: Points) -> Peak | None:
    """A longer peak, up to a fifth of the run, that no rise of the learning rate explains."""
    short = condensed(points, 200)
    values = short.values
    count = len(values)
    if count < 2 * FEWEST or min(values) <= 0:
        return None
    scaled = [math.log(value) for value in values]
    side = count // 8
    residuals = _residuals(scaled, side)
    at = max(range(side, count - side), key=residuals.__getitem__)
    before = median(scaled[at - side : at])
    height = scaled[at] - before
    later = scaled[at + 1 : at + 1 + count // 4]
    calm = [r for i, r in enumerate(residuals) if abs(i - at) > side]
    beyond = residuals[at] > max(_SCATTERS * spread(calm), _GAP * max(calm))
    raised = sum(s > before + height / 2 for s in scaled[max(0, at - side) : at + side]) >= 3
    returned = len(later) >= side and min(later) <= before + _RETURNED * height
    if not (beyond and raised and returned) or _rate_moved(short, rates, at, side):
        return None
    position = points.at.index(short.at[at])
    return Peak(position, math.exp(before), values[at], math.expm1(min(height, 50.0)))


def excursion(points: Points) -> Peak | None:
    """A stretch far above the loss of the start, after something was learnt, that comes back.

    However long it is: no schedule throws a loss to several times what an untrained model costs.
    """
    values = points.values
    if len(values) < FEWEST or min(values) <= 0:
        return None
    start = max(values[:3])
    learnt = next((i for i, value in enumerate(values) if value < _LEARNT * start), None)
    if learnt is None:
        return None
    above = [i for i in range(learnt, len(values)) if values[i] > _ABOVE_START * start]
    at = max(above, key=values.__getitem__, default=0)
    lasting = any(i + 1 in above and i + 2 in above for i in above)
    if not lasting or median(values[-3:]) > _RETURNED * values[at]:
        return None
    before = median(values[max(0, above[0] - _SIDE) : above[0]])
    return Peak(at, before, values[at], values[at] / before - 1)


def _residuals(scaled: Sequence[float], side: int) -> list[float]:
    """Distances above the higher one of the medians on either side; 0 at both ends."""
    import numpy as np

    values = np.asarray(scaled)
    count = len(values)
    before = _medians(values, side)
    after = _medians(values[::-1], side)[::-1]
    found = values - np.maximum(before, after)
    found[[0, count - 1]] = 0.0
    whole: list[float] = found.tolist()
    return whole


def _noise(scaled: Sequence[float], side: int) -> list[float]:
    """Distances from the median of as many points on either side, which no trend moves far."""
    import numpy as np

    values = np.asarray(scaled)
    count = len(values)
    found = np.zeros(count)
    for wide in range(1, side + 1):
        # the ends have fewer points on either side
        places = [wide, count - 1 - wide] if wide < side else slice(side, count - side)
        windows = np.lib.stride_tricks.sliding_window_view(values, 2 * wide + 1)
        middle = windows[[0, -1]] if wide < side else windows
        around = np.delete(middle, wide, axis=1)
        found[places] = values[places] - np.median(around, axis=1)
    whole: list[float] = found.tolist()
    return whole


def _medians(values: NDArray[np.float64], side: int) -> NDArray[np.float64]:
    """Median of the up to `side` values before each position; the first has none but itself."""
    import numpy as np

    found = values.copy()
    for at in range(1, min(side, len(values))):
        found[at] = np.median(values[:at])
    if len(values) > side:
        windows = np.lib.stride_tricks.sliding_window_view(values[:-1], side)
        found[side:] = np.median(windows, axis=1)
    return found


def _returns(scaled: Sequence[float], at: int, before: float, height: float) -> bool:
    """Within three points it is back at its level, and it was no more than three points long."""
    later = scaled[at + 1 : at + 1 + _LONGEST + 1]
    return bool(later) and min(later) <= before + _RETURNED * height


def _rate_moved(points: Points, rates: Points, at: int, side: int) -> bool:
    first, last = points.steps[max(0, at - 2 * side)], points.steps[at]
    seen = [v for s, v in zip(rates.steps, rates.values, strict=True) if first <= s <= last]
    earlier = [v for s, v in zip(rates.steps, rates.values, strict=True) if s < first]
    seen = earlier[-1:] + seen
    return not seen or max(seen) > 1.2 * min(seen)
