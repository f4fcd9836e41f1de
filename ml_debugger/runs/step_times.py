"""Seconds per step or epoch, as a log tells them: as durations, or as moments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from ml_debugger.artifacts import Curve, TrainingRun
from ml_debugger.curves.points import finite
from ml_debugger.runs.metric_names import words

_OF = frozenset({"epoch", "step", "iter", "iteration", "batch", "train", "round", "training"})
_TIME = frozenset({"time", "duration", "seconds", "secs", "sec"})
_NOT = frozenset({"val", "valid", "validation", "eval", "test", "data", "load", "loading", "wait",
                  "total", "remaining", "eta", "left", "samples", "per", "s"})  # fmt: skip
_ROUGH = 10.0
"""Moments written in whole seconds say little of steps shorter than this many of them."""


@dataclass(frozen=True, slots=True)
class StepTimes:
    """Durations in the order of the log, with the step and the line at which each was logged."""

    original: str
    seconds: Sequence[float]
    steps: Sequence[float]
    lines: Sequence[int]

    def __len__(self) -> int:
        return len(self.seconds)

    def after(self, first: int) -> StepTimes:
        """Without the first ones."""
        return StepTimes(
            self.original, self.seconds[first:], self.steps[first:], self.lines[first:]
        )


def step_times(run: TrainingRun) -> StepTimes | None:
    """The durations of a run; None where it logs none that are longer than its clock's tick."""
    curve = run.curve("step_time") or _other(run)
    if curve is not None:
        points = finite(curve)
        if len(points) and min(points.values) >= 0 and max(points.values) > 0:
            seconds = _differences(points.values) if _adds_up(points.values) else points.values
            return StepTimes(curve.original, seconds, points.steps, points.lines)
    moments = run.curve("timestamp")
    return _from_moments(moments) if moments is not None else None


def _other(run: TrainingRun) -> Curve | None:
    for curve in run.curves.values():
        said = set(words(curve.original))
        plain = len(said) == 1 or bool(said & _OF)
        if said & _TIME and plain and not said & _NOT and len(curve) > 1:
            return curve
    return None


def _adds_up(values: Sequence[float]) -> bool:
    """Time since the start instead of durations: it only grows, by about as much each time."""
    if len(values) < 4 or any(after < before for before, after in pairwise(values)):
        return False
    return values[-1] > 0.5 * len(values) * max(values[1] - values[0], 1e-12) and (
        values[-1] > 3 * values[0] and values[-1] - values[len(values) // 2] > 0.25 * values[-1]
    )


def _differences(values: Sequence[float]) -> Sequence[float]:
    return [values[0], *(after - before for before, after in pairwise(values))]


def _from_moments(curve: Curve) -> StepTimes | None:
    """Seconds per step between records whose step and time both go forward."""
    points = finite(curve)
    records = list(zip(points.values, points.steps, points.lines, strict=True))
    if not records:
        return None
    told = [
        ((later - earlier) / (step - before), step, line, later - earlier)
        for (earlier, before, _), (later, step, line) in pairwise(records)
        if step > before and later >= earlier
    ]
    whole = all(float(moment).is_integer() for moment in points.values)
    if not told or (whole and sorted(t[3] for t in told)[len(told) // 2] < _ROUGH):
        return None
    seconds, steps, lines, _ = zip(*told, strict=True)
    return StepTimes(curve.original, seconds, steps, lines)
