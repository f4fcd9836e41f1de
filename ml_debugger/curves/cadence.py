"""How often a curve was logged: averages of epochs, or single batches."""

from __future__ import annotations

from ml_debugger.artifacts import TrainingRun
from ml_debugger.curves.points import Points


def whole_epochs(run: TrainingRun, points: Points) -> bool:
    """Whether each point stands for an epoch (or a boosting round) rather than for a batch.

    Loss averaged over an epoch scatters little; that of a batch scatters by itself, by as much
    as the batch is small.
    """
    if run.step_unit not in ("epoch", "round"):
        return False
    return len({int(step) for step in points.steps}) == len(points)
