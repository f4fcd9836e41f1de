"""The last two validation losses far above all since the best, and far above the training loss."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from statistics import median

from ml_debugger.artifacts import TrainingRun
from ml_debugger.curves.points import finite

_FEWEST = 12
_SINCE = 8
_TIMES_TRAINING = 10.0


@dataclass(frozen=True, slots=True)
class LateJump:
    """`share` is how far the last two lie above the level since the best, 0 where they do not.

    `level` is that level, `end` the median of the last two, `times_training` its ratio to the
    training loss; `line` is that of the first of the two.
    """

    share: float
    level: float
    end: float
    times_training: float
    line: int


def late_jump(run: TrainingRun) -> LateJump | None:
    """The jump of the main validation loss; None with less than eight checks since its best.

    Two checks that are both above ten others come by chance once in 66 times, so the training
    loss must tell the same: a tenth of the validation loss, and not risen.
    """
    train, validation = run.curve("train_loss"), run.curve("val_loss")
    if train is None or validation is None or run.step_unit == "round":
        return None
    trained, checked = finite(train), finite(validation)
    values = checked.values
    if len(values) < _FEWEST or min(values) <= 0 or min(trained.values, default=0) <= 0:
        return None
    lowest = min(range(len(values)), key=values.__getitem__)
    since, last = values[lowest:-2], values[-2:]
    if len(since) < _SINCE:
        return None
    ordered = sorted(zip(trained.steps, trained.values, strict=True))
    cut = bisect_right([step for step, _ in ordered], checked.steps[lowest])
    earlier = [value for _, value in ordered[max(0, cut - 5) : cut]]
    later = [value for _, value in ordered[-max(2, len(ordered) // 10) :]]
    if not earlier or median(later) > 1.1 * median(earlier):
        return None
    level, end = median(since), median(last)
    times = end / median(later)
    jumps = min(last) > max(since) and times >= _TIMES_TRAINING
    share = end / level - 1 if jumps else 0.0
    return LateJump(share, level, end, times, checked.lines[-2])
