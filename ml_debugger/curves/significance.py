"""The one-sided rank-sum test, which asks of two samples no shape of distribution."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence

_EXACT = 400


def rank_sum_p(higher: Sequence[float], lower: Sequence[float]) -> float:
    """Probability that `higher` would lie this far above `lower` if both were of one kind.

    Exact for up to 400 pairs, by the normal approximation beyond. Ties count one half, rounded
    to the cautious side. Source: Mann and Whitney, "On a test of whether one of two random
    variables is stochastically larger than the other", 1947.
    """
    ordered = sorted(lower)
    u = sum((bisect_left(ordered, x) + bisect_right(ordered, x)) / 2 for x in higher)
    m, n = len(higher), len(lower)
    if m == 0 or n == 0:
        return 1.0
    if m * n <= _EXACT:
        counts = _arrangements(m, n)
        return sum(counts[math.floor(u) :]) / sum(counts)
    spread = math.sqrt(m * n * (m + n + 1) / 12)
    return 0.5 * math.erfc((u - 0.5 - m * n / 2) / spread / math.sqrt(2))


def _arrangements(m: int, n: int) -> list[int]:
    """How many of all orders give each U: the coefficients of the Gaussian binomial."""
    counts = [1] + [0] * (m * n)
    for i in range(1, m + 1):
        for u in range(m * n, n + i - 1, -1):
            counts[u] -= counts[u - n - i]
        for u in range(i, m * n + 1):
            counts[u] += counts[u - i]
    return counts
