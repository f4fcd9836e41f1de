"""How far a run came on the way to its planned end, and whether early stopping explains it."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from ml_debugger.artifacts import Curve, LogText, TrainingRun

_BAR = re.compile(r"(\d{1,3})%\|[^|]*\|\s*(\d+)/(\d+)")
_ALMOST = 0.97
"""A bar that is refreshed now and then need not show its last steps."""
_HIGHER_IS_BETTER = re.compile(
    r"acc|auc|f1|precision|recall|r2|ic$|sharpe|iou|dice|mcc|score|return"
)
_JUDGED = re.compile(r"^val_|^directional|^test_")


@dataclass(frozen=True, slots=True)
class Progress:
    """The last place that a run reached, and its planned end in the same unit."""

    reached: float
    planned: float
    unit: str

    @property
    def share(self) -> float:
        """How much of the plan was done."""
        return min(1.0, self.reached / self.planned) if self.planned > 0 else 1.0


def progress(run: TrainingRun) -> Progress | None:
    """How far the run came; None where the log states no plan or nothing was counted.

    A run that counts from 0 has its last record one before the planned end.
    """
    if not run.planned_steps or run.planned_steps < 2:
        return None
    steps = [curve.steps[-1] for curve in run.curves.values() if len(curve)]
    if not steps:
        return None
    first = min(curve.steps[0] for curve in run.curves.values() if len(curve))
    last = max(steps) + (1 if first == 0 and max(steps) == int(max(steps)) else 0)
    return Progress(last, float(run.planned_steps), run.step_unit)


def rhythm(run: TrainingRun) -> float:
    """The usual distance of records in steps: an end is reached when the next one lies beyond."""
    gaps = [
        b - a
        for curve in run.curves.values()
        for a, b in zip(curve.steps[-50:], curve.steps[-49:], strict=False)
        if b > a
    ]
    return max(gaps, default=1.0)


def open_bar(log: LogText) -> tuple[int, int, int] | None:
    """Percent, done and total of the progress bar with which the log ends, if it is not full."""
    if not log.tail:
        return None
    found = list(_BAR.finditer(log.tail[-1]))
    closed = log.tail[-1].rstrip().endswith(("]", "|"))
    if not found or (log.complete and not closed):
        # something else is written behind the bar
        return None
    percent, done, total = (int(part) for part in found[-1].groups())
    return (percent, done, total) if total > 0 and done < _ALMOST * total else None


def stopped_early(run: TrainingRun) -> str | None:
    """The curve whose best value lies back, as early stopping waits for; None if none does.

    Early stopping with a patience of p ends a run p records after the best one, so a run whose
    every judged curve was still at its best was not stopped by it.
    """
    for curve in _judged(run):
        since = _since_best(curve)
        if since >= 2:
            return curve.original
    return None


def just_past_best(run: TrainingRun) -> bool:
    """Whether a judged curve had its best value one record before the last."""
    return any(_since_best(curve) == 1 for curve in _judged(run))


def _judged(run: TrainingRun) -> Sequence[Curve]:
    judged = [c for name, c in run.curves.items() if _JUDGED.search(name) and len(c) >= 2]
    if judged:
        return judged
    train = run.curve("train_loss")
    # a noisy loss of single steps has its best anywhere
    return [train] if train is not None and len(train) >= 2 and run.step_unit == "epoch" else []


def _since_best(curve: Curve) -> int:
    values = [value for value in curve.values if math.isfinite(value)]
    if len(values) < 2:
        return 0
    higher = _HIGHER_IS_BETTER.search(curve.name) is not None and "loss" not in curve.name
    best = max(values) if higher else min(values)
    return len(values) - 1 - values.index(best)
