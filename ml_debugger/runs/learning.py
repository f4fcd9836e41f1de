"""Whether the loss of a run moved: without that a gradient says little."""

from __future__ import annotations

import math

from ml_debugger.artifacts import Curve, TrainingRun
from ml_debugger.curves.blocks import blocks
from ml_debugger.curves.movement import Movement, movement
from ml_debugger.curves.points import finite

_MOST = 400
_LITTLE = 0.01


def loss_of(run: TrainingRun) -> Curve | None:
    """The training loss, or that of the validation where no other is logged."""
    return run.curve("train_loss", "val_loss")


def loss_movement(run: TrainingRun) -> Movement | None:
    """How the loss moved from the first to the last fifth; None with too few points."""
    curve = loss_of(run)
    return None if curve is None else movement(blocks(finite(curve), _MOST).values)


def learns(moved: Movement) -> bool:
    """Whether the loss fell beyond its noise, and by more than 1 % of its level.

    The drop from the outputs of a random start to those of a constant takes few steps and lies
    before the middle of the first fifth.
    """
    return moved.fell() and moved.fall > _LITTLE * abs(moved.first)


def ends_badly(curve: Curve | None) -> bool:
    """Whether one of the last values is NaN or infinite."""
    return curve is not None and not all(math.isfinite(value) for value in curve.values[-3:])
