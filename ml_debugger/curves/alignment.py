"""What one curve showed when another was logged."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise

from ml_debugger.curves.points import Points


def values_at(points: Points, other: Points) -> list[float]:
    """The value of `points` that held at each point of `other`: the last one until then.

    Before the first value that one counts. An empty `points` gives an empty list.
    """
    if not len(points):
        return []
    counts = counts_until(points, other)
    return [points.values[max(0, count - 1)] for count in counts]


def counts_until(points: Points, other: Points) -> list[int]:
    """How many of `points` had been logged at each point of `other`, those of its step included.

    Told by steps, or by lines where a counter goes back.
    """
    rising = _rising(points.steps) and _rising(other.steps)
    own: Sequence[float] = points.steps if rising else points.lines
    theirs: Sequence[float] = other.steps if rising else other.lines
    return [bisect_right(own, at) for at in theirs]


def _rising(steps: Sequence[float]) -> bool:
    return all(before <= after for before, after in pairwise(steps))
