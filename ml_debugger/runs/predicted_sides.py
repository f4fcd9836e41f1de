"""The share of predictions above zero, as a run has logged it check by check."""

from __future__ import annotations

from collections.abc import Sequence

from ml_debugger.artifacts import Curve, TrainingRun
from ml_debugger.curves.points import finite


def share_curve(run: TrainingRun) -> Curve | None:
    """The curve of the share: that on validation rows says more than that on fitted rows."""
    known = [c for c in run.curves.values() if "share_positive" in c.name and len(c)]
    return max(known, key=lambda c: (c.name.startswith("val"), c.name == "share_positive"),
               default=None)  # fmt: skip


def as_shares(values: Sequence[float]) -> list[float]:
    """Values between 0 and 1 of shares that may be logged in percent; empty where they are none."""
    if not values or min(values) < 0 or max(values) > 100:
        return []
    percent = max(values) > 1.0
    return [value / 100 if percent else value for value in values]


def end_on_one_side(run: TrainingRun, least: float) -> bool:
    """Whether the last two checks both have at least this share of predictions on one side."""
    curve = share_curve(run)
    last = as_shares(finite(curve).values)[-2:] if curve is not None else []
    return len(last) == 2 and (min(last) >= least or max(last) <= 1 - least)
