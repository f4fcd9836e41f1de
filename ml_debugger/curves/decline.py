"""How much a curve has come down from one stretch to another, and how surely that is known."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean, stdev

_MOST_BLOCKS = 10


@dataclass(frozen=True, slots=True)
class Decline:
    """Relative fall of the mean from `before` to `after`, with its standard error."""

    before: float
    after: float
    share: float
    error: float

    @property
    def at_most(self) -> float:
        """The greatest fall that the noise leaves possible: two standard errors above (97.7 %).

        A rise is taken for no change, since it may be luck as well.
        """
        return max(self.share, 0.0) + 2 * self.error


def decline(before: Sequence[float], after: Sequence[float]) -> Decline | None:
    """The fall from `before` to `after`, as a share of the mean of `before`.

    Standard errors are those of the means of consecutive blocks, which hold for noise that is
    correlated over less than a block (Schmeiser, "Batch size effects in the analysis of
    simulation output", 1982). None for fewer than 4 values in a stretch, or a mean not above 0.
    """
    if len(before) < 4 or len(after) < 4:
        return None
    start, end = fmean(before), fmean(after)
    if start <= 0:
        return None
    error = math.hypot(_error(before), _error(after))
    return Decline(start, end, (start - end) / start, error / start)


def _error(values: Sequence[float]) -> float:
    blocks = min(_MOST_BLOCKS, max(4, math.isqrt(len(values))))
    edges = [i * len(values) // blocks for i in range(blocks + 1)]
    means = [fmean(values[a:b]) for a, b in pairwise(edges)]
    return stdev(means) / math.sqrt(blocks)
