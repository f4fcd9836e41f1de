"""The finite points of a curve, and the ways to cut them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ml_debugger.artifacts import Curve


@dataclass(frozen=True, slots=True)
class Points:
    """Points of one curve in the order of the log; all four have equal length.

    `at` are their positions in the curve they come from, so that a line is `curve.lines[at[i]]`.
    """

    steps: Sequence[float]
    values: Sequence[float]
    lines: Sequence[int]
    at: Sequence[int]

    def __len__(self) -> int:
        return len(self.values)

    def between(self, start: int, end: int) -> Points:
        """The points from position `start` up to, not including, `end`."""
        return Points(
            self.steps[start:end], self.values[start:end], self.lines[start:end], self.at[start:end]
        )

    def after_step(self, step: float) -> Points:
        """The points whose step is greater than `step`."""
        return self._kept([i for i, own in enumerate(self.steps) if own > step])

    def where(self, holds: Callable[[float], bool]) -> Points:
        """The points whose value fulfils a condition."""
        return self._kept([i for i, value in enumerate(self.values) if holds(value)])

    def _kept(self, positions: Sequence[int]) -> Points:
        return Points(
            [self.steps[i] for i in positions],
            [self.values[i] for i in positions],
            [self.lines[i] for i in positions],
            [self.at[i] for i in positions],
        )


def finite(curve: Curve) -> Points:
    """The points whose values are neither NaN nor infinite."""
    kept = [i for i, value in enumerate(curve.values) if math.isfinite(value)]
    return Points(
        [curve.steps[i] for i in kept],
        [curve.values[i] for i in kept],
        [curve.lines[i] for i in kept],
        kept,
    )


def without_warm_up(points: Points, share: float = 0.1, fewest: int = 1) -> Points:
    """The points after the first `share` of them, at least `fewest` of which are left out.

    An untrained model moves fast and at random; schedules warm the rate up over the first 1 to
    10 % of steps (the linear warm-up of the transformer and BERT recipes).
    """
    return points.between(max(fewest, int(len(points) * share)), len(points))
