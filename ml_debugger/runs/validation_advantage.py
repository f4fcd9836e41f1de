"""How far a validation loss lies below the training loss, beyond what regularisation explains."""

from __future__ import annotations

from bisect import bisect_right
from itertools import pairwise
from statistics import median

from ml_debugger.artifacts import Curve, TrainingRun
from ml_debugger.curves.points import finite

_FEWEST = 6
_HALF = 0.5
_DECLINE = 0.7
_FAR = 0.2


def validation_advantage(run: TrainingRun) -> tuple[Curve, float, float] | None:
    """The validation loss, its advantage as a share of the training loss, and their ratio.

    The advantage counts where it holds at all checks of the last two thirds, and the ratio fell
    in the course of the training: a calm validation period has a small loss from the first
    check on. A ratio below a fifth counts in any case. None where it cannot be judged.
    """
    train, validation = run.curve("train_loss"), run.curve("val_loss")
    if train is None or validation is None:
        return None
    trained, checked = finite(train), finite(validation)
    if len(checked) < _FEWEST or min(checked.values) < 0 or min(trained.values, default=-1) < 0:
        return None
    ordered = sorted(zip(trained.steps, trained.values, strict=True))
    steps = [step for step, _ in ordered]
    ends = [bisect_right(steps, until) for until in checked.steps]
    ratios = []
    for (start, end), loss in zip(pairwise((0, *ends)), checked.values, strict=True):
        between = [value for _, value in ordered[start:end]]
        if between and median(between) > 0:
            ratios.append(loss / median(between))
    if len(ratios) < _FEWEST:
        return None
    later = ratios[len(ratios) // 3 :]
    ratio = median(later)
    counts = max(later) < _HALF and (ratio < _DECLINE * ratios[0] or ratio < _FAR)
    return validation, (1 - ratio if counts else 0.0), ratio
