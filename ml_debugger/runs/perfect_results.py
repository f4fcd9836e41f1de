"""Validation results without any error: losses of exactly 0, accuracies of exactly 1."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ml_debugger.artifacts import Curve, TrainingRun

_SMALL = 1e-4


def perfect_results(run: TrainingRun) -> list[tuple[Curve, int, str]]:
    """Perfect curves, each with the number of such checks and what is to be said of it.

    A loss counts by the last checks at which it is 0; an accuracy only where it is 1 from the
    first check to the last.
    """
    found = []
    loss, accuracy = run.curve("val_loss"), run.curve("val_accuracy")
    if loss is not None and _written_exactly(loss.values):
        count = next((n for n, v in enumerate(reversed(loss.values)) if v != 0), len(loss))
        if count:
            found.append((loss, count, f"is exactly 0 at the last {count} checks"))
    if accuracy is not None and len(accuracy) and all(v in (1.0, 100.0) for v in accuracy.values):
        found.append((accuracy, len(accuracy), f"is perfect at all {len(accuracy)} checks"))
    return found


def _written_exactly(values: Sequence[float]) -> bool:
    """Whether the log writes so small numbers that 0 is no rounding to four decimals."""
    others = [value for value in values if math.isfinite(value) and value != 0]
    return not others or any(abs(v - round(v, 4)) > 1e-9 and abs(v) < _SMALL for v in others)
