"""How far a curve moved from its beginning to its end, beyond its own noise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from ml_debugger.curves.noise import scatter
from ml_debugger.curves.significance import rank_sum_p

FEWEST = 6
"""Points below which two stretches cannot be compared."""


@dataclass(frozen=True, slots=True)
class Movement:
    """Levels of the first and the last stretch, and the scatter of single points between.

    `p_fall` is the probability that noise alone would make the first stretch lie this far
    above the last one; `p_rise` that of the opposite.
    """

    first: float
    last: float
    scatter: float
    p_fall: float
    p_rise: float

    @property
    def fall(self) -> float:
        """How far the level fell; negative where it rose."""
        return self.first - self.last

    def fell(self) -> bool:
        """Whether it fell beyond noise: by a rank-sum test at 1 %, and by half a scatter."""
        return self.p_fall < 0.01 and self.fall > 0.5 * self.scatter

    def rose(self) -> bool:
        """Whether it rose beyond noise."""
        return self.p_rise < 0.01 and -self.fall > 0.5 * self.scatter


def movement(values: Sequence[float], share: float = 0.2) -> Movement | None:
    """Compare the first and the last `share` of the values; None for fewer than `FEWEST`.

    A stretch has at least 3 and at most 200 points. Three against three reach 5 % at best, so
    of short curves perfect order is asked, which counts as beyond noise.
    """
    if len(values) < FEWEST:
        return None
    width = min(max(3, int(len(values) * share)), 200, len(values) // 2)
    first, last = values[:width], values[-width:]
    p_fall, p_rise = rank_sum_p(first, last), rank_sum_p(last, first)
    if width < 5:
        p_fall = 0.0 if min(first) > max(last) else 1.0
        p_rise = 0.0 if max(first) < min(last) else 1.0
    return Movement(median(first), median(last), scatter(values), p_fall, p_rise)
