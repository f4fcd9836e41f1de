"""Whether two series rise together, whatever the shape of their relation."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import correlation


def rank_correlation(one: Sequence[float], other: Sequence[float]) -> float:
    """Spearman's correlation of ranks; equal values share their mean rank.

    0 where a series has fewer than two points or does not vary. Source: Spearman, "The proof and
    measurement of association between two things", 1904.
    """
    if len(one) < 2 or min(one) == max(one) or min(other) == max(other):
        return 0.0
    return correlation(_ranks(one), _ranks(other))


def _ranks(values: Sequence[float]) -> list[float]:
    order = sorted(range(len(values)), key=values.__getitem__)
    ranks = [0.0] * len(values)
    start = 0
    while start < len(order):
        end = start
        while end < len(order) and values[order[end]] == values[order[start]]:
            end += 1
        for position in order[start:end]:
            ranks[position] = (start + end - 1) / 2
        start = end
    return ranks
