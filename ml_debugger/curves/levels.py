"""The level of a curve: medians of stretches, so that single points do not move it."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from ml_debugger.curves.points import Points


def condensed(points: Points, most: int = 400) -> Points:
    """At most `most` points: medians of equal stretches in the order of the log.

    Each stands at the first step and line of its stretch. Shorter curves come back as they are.
    """
    count = len(points)
    if count <= most:
        return points
    edges = [i * count // most for i in range(most + 1)]
    starts = edges[:-1]
    return Points(
        [points.steps[i] for i in starts],
        [median(points.values[a:b]) for a, b in zip(starts, edges[1:], strict=True)],
        [points.lines[i] for i in starts],
        [points.at[i] for i in starts],
    )


def trailing_levels(values: Sequence[float], width: int) -> list[float]:
    """Median of each full window of `width` values; the i-th one ends at value i + width - 1."""
    return [median(values[i : i + width]) for i in range(len(values) - width + 1)]


def recovered_climb(levels: Sequence[float]) -> float:
    """The greatest climb above a running minimum that was made good by a lower minimum later.

    What a curve has climbed and lost again is its own noise, whatever the noise is made of.
    """
    greatest = height = 0.0
    lowest = levels[0] if levels else 0.0
    for level in levels:
        if level <= lowest:
            greatest, height, lowest = max(greatest, height), 0.0, level
        else:
            height = max(height, level - lowest)
    return greatest
