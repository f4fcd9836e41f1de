"""Gradients that add up from step to step: smooth growth of the norm, and its resets."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import correlation, linear_regression, median

from ml_debugger.curves.points import Points
from ml_debugger.curves.rank_correlation import rank_correlation

_MOST = 4000
_SHORTEST = 5
_SHORTEST_UNKNOWN = 10
_SMOOTH = 0.15
_CANDIDATES = 40


@dataclass(frozen=True, slots=True)
class Teeth:
    """A saw-tooth: `growth` is the usual factor inside a tooth, `reset` what is left after it.

    `length` is in points, `starts` are the positions at which teeth begin, `rising` the share of
    teeth in which the norm grows with its position.
    """

    length: int
    starts: Sequence[int]
    growth: float
    reset: float
    rising: float


def teeth(values: Sequence[float], boundaries: Sequence[int] = ()) -> Teeth | None:
    """The saw-tooth of a norm; None where there is none of at least three teeth.

    `boundaries` are positions at which epochs are known to begin. Without them the resets
    themselves must come at one distance: in noise they do not.
    """
    found = list(boundaries) if len(boundaries) >= 4 else _regular(_resets(values), len(values))
    gaps = [after - before for before, after in pairwise(found)]
    if len(gaps) < 3:
        return None
    length = int(median(gaps))
    regular = sum(abs(gap - length) <= max(1, length // 20) for gap in gaps)
    if length < _SHORTEST or regular < 0.75 * len(gaps):
        return None
    growths, left, rising = [], [], 0
    for start, end in pairwise(found):
        tooth = values[start:end]
        if len(tooth) < _SHORTEST or min(tooth) <= 0:
            continue
        high = median(tooth[len(tooth) // 2 :])
        growths.append(high / tooth[0])
        left.append(values[end] / high)
        rising += rank_correlation(range(len(tooth)), tooth) > 0.4
    if len(growths) < 3:
        return None
    return Teeth(length, found, median(growths), median(left), rising / len(growths))


def _resets(values: Sequence[float]) -> list[int]:
    """Positions at which the norm falls to less than half and then grows for some steps."""
    found = []
    for at in range(3, len(values) - 3):
        before = median(values[at - 3 : at])
        if values[at] < 0.5 * before and values[at] < min(values[at + 1 : at + 4]):
            found.append(at)
    return found


def _regular(resets: Sequence[int], count: int) -> list[int]:
    """The resets that come at one distance: the longest row that misses at most a fifth."""
    # a log begins with an epoch
    resets = [0, *resets]
    known = set(resets)
    best: list[int] = []
    for at, start in enumerate(resets[:_CANDIDATES]):
        for other in resets[at + 1 : at + _CANDIDATES]:
            length = other - start
            expected = (count - 1 - start) // length + 1
            if length < _SHORTEST_UNKNOWN or expected <= len(best):
                continue
            row = [start]
            for number in range(1, expected):
                near = start + number * length
                row += [one for one in (near, near - 1, near + 1) if one in known][:1]
            if len(row) >= max(4, 0.8 * expected) and len(row) > len(best):
                best = row
    return best


@dataclass(frozen=True, slots=True)
class PowerLaw:
    """Growth of a norm as a power of the steps since the start.

    `growth` is the factor from the first point to the level at the end, `later` that from the
    second to the last quarter.
    """

    exponent: float
    explained: float
    growth: float
    later: float


def power_law(points: Points) -> PowerLaw | None:
    """The power of the steps by which the norm grows from the very start.

    Gradients of one direction that are never reset add up with the power 1, random ones with
    1/2. None where too few points are above zero, or where neighbours scatter by more than 15 %:
    a sum of many gradients changes little from one step to the next.
    """
    count = len(points)
    stride = max(1, count // _MOST)
    steps, values = list(points.steps[::stride]), list(points.values[::stride])
    if len(values) < 20 or min(values) <= 0:
        return None
    distance = median(after - before for before, after in pairwise(steps))
    if distance <= 0:
        return None
    since = [step - steps[0] + distance for step in steps]
    if min(since) <= 0:
        return None
    settled = values[len(values) // 10 :]
    rough = median(abs(after / before - 1) for before, after in pairwise(settled))
    if rough > _SMOOTH:
        return None
    x, y = [math.log(one) for one in since], [math.log(one) for one in values]
    # points in equal steps of the logarithm, so that the end does not weigh most
    kept = _spread(x)
    x, y = [x[i] for i in kept], [y[i] for i in kept]
    if max(y) - min(y) < 0.1:
        return None
    exponent = linear_regression(x, y).slope
    end = median(values[-max(3, len(values) // 10) :])
    quarter = len(values) // 4
    later = median(values[-quarter:]) / median(values[quarter : 2 * quarter])
    return PowerLaw(exponent, correlation(x, y) ** 2, end / values[0], later)


def _spread(x: Sequence[float]) -> list[int]:
    kept, bound = [], -math.inf
    for at, one in enumerate(x):
        if one >= bound:
            kept.append(at)
            bound = one + 0.1
    return kept
