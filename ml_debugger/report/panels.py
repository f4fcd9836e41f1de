"""What is drawn of a training run: which curves share a panel, over which range."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ml_debugger.artifacts import Curve, TrainingRun

LOG_FROM = 50.0
"""Largest over smallest value from which a positive panel is drawn on a logarithmic scale."""

_PANELS = (
    ("loss", "train_loss", "val_loss"),
    ("accuracy", "train_accuracy", "val_accuracy"),
    ("learning rate", "learning_rate", None),
    ("gradient norm", "grad_norm", None),
    ("prediction std", "prediction_std", None),
    ("share positive", "share_positive", None),
)


@dataclass(frozen=True, slots=True)
class Panel:
    """One picture: a line, and beside it the same figure on validation data.

    `low` and `high` bound the finite values; with `logarithmic` the scale is.
    """

    title: str
    line: Curve | None
    points: Curve | None
    low: float
    high: float
    logarithmic: bool

    def height(self, value: float) -> float:
        """Where a value stands between `low` (0) and `high` (1); NaN for one that is not finite."""
        if not math.isfinite(value):
            return math.nan
        if self.high <= self.low:
            return 0.5
        if self.logarithmic:
            return math.log(value / self.low) / math.log(self.high / self.low)
        # halves, because the whole may be beyond the largest float
        return (value / 2 - self.low / 2) / (self.high / 2 - self.low / 2)


def panels(run: TrainingRun) -> Iterator[Panel]:
    """The panels of a run, those first that a person looks at first; none for empty curves."""
    for title, line, points in _PANELS:
        first = _drawable(run.curve(line))
        second = _drawable(run.curve(points)) if points is not None else None
        values = [v for c in (first, second) if c is not None for v in c.values if math.isfinite(v)]
        if first is None and second is None:
            continue
        low, high = (min(values), max(values)) if values else (0.0, 0.0)
        yield Panel(title, first, second, low, high, low > 0 and high / low > LOG_FROM)


def steps(run: TrainingRun) -> tuple[float, float] | None:
    """The first and last step of a run's drawn curves; None where there are none."""
    found: Sequence[float] = [
        step
        for panel in panels(run)
        for curve in (panel.line, panel.points)
        if curve is not None
        for step in curve.steps
        if math.isfinite(step)
    ]
    return (min(found), max(found)) if found else None


def _drawable(curve: Curve | None) -> Curve | None:
    return curve if curve is not None and len(curve) else None
