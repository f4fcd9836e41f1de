"""Long curves in short: medians of consecutive stretches."""

from __future__ import annotations

from statistics import median

from ml_debugger.curves.points import Points


def blocks(points: Points, most: int) -> Points:
    """At most `most` points, each the median of a stretch, at the stretch's first position.

    Stretches have equal length, the last one perhaps less; a curve of up to `most` points is
    returned as it is. Single outliers vanish, levels stay.
    """
    count = len(points)
    if count <= most:
        return points
    length = -(-count // most)
    starts = range(0, count, length)
    return Points(
        [points.steps[i] for i in starts],
        [median(points.values[i : i + length]) for i in starts],
        [points.lines[i] for i in starts],
        [points.at[i] for i in starts],
    )
