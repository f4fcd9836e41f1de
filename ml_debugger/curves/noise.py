"""How much a curve scatters by itself, from the differences of neighbours."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from statistics import median

NORMAL = 1.4826
"""Makes the median absolute deviation estimate the standard deviation of a normal distribution
(Rousseeuw and Croux, "Alternatives to the median absolute deviation", 1993)."""


def spread(values: Sequence[float]) -> float:
    """Robust standard deviation about the median; 0 for fewer than two values."""
    if len(values) < 2:
        return 0.0
    middle = median(values)
    return NORMAL * median(abs(value - middle) for value in values)


def scatter(values: Sequence[float]) -> float:
    """Robust standard deviation of single points about the curve's own trend.

    Taken from the differences of neighbours, which a slow trend hardly moves; their standard
    deviation is sqrt(2) times that of a point. 0 for fewer than three values.
    """
    steps = [after - before for before, after in pairwise(values)]
    return spread(steps) / math.sqrt(2)


def relative_scatter(values: Sequence[float], level: float) -> float:
    """`scatter` at a given level, for values that scatter in proportion to their size.

    Where all values are positive the differences are taken of logarithms; otherwise the plain
    scatter is returned.
    """
    if min(values) <= 0:
        return scatter(values)
    return level * math.expm1(min(scatter([math.log(value) for value in values]), 50.0))


def rolling_median(values: Sequence[float], width: int) -> list[float]:
    """Median of the `width` values before each position; that of what there is at the start.

    The first position has no past: its own value stands there.
    """
    return [median(values[max(0, i - width) : i]) if i else value for i, value in enumerate(values)]
