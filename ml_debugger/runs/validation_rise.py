"""How far a validation loss ends above its best stretch, beyond its own noise."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from ml_debugger.artifacts import Curve, TrainingRun
from ml_debugger.curves.noise import relative_scatter
from ml_debugger.curves.significance import rank_sum_p

FEWEST = 4
"""Validations below which nothing can be said."""

# up to here a fall and rise in single file is the only sign of persistence there can be
_SHORT = 12
# from here on a sixth of the checks is enough to compare
_LONG = 40
_WINDOW = 200
_SCATTERS = 1.2
_FAR = 2.0


@dataclass(frozen=True, slots=True)
class ValidationRise:
    """The end of a validation loss against its best stretch.

    `rise` is a share of the best level, 0 where it stays within the noise or where the training
    loss rises as well. `best` is the index of the lowest value, `end` the level at the end,
    `train_change` the relative change of the training loss from the best stretch to the end.
    """

    curve: Curve
    rise: float
    best: int
    end: float
    train_change: float


def worst_rise(run: TrainingRun) -> ValidationRise | None:
    """The greatest rise among the run's validation losses; None where nothing can be judged.

    The rounds of a booster are not judged: there the question is which round predicts.
    """
    train = run.curve("train_loss")
    if train is None or run.step_unit == "round":
        return None
    found = [
        rise
        for name, curve in run.curves.items()
        if name.startswith("val") and "loss" in name.split("_")
        and (rise := _rise(curve, train)) is not None
    ]  # fmt: skip
    # the main validation set stands for the run where nothing rises
    return max(found, key=lambda r: (r.rise, r.curve.name == "val_loss"), default=None)


def _rise(curve: Curve, train: Curve) -> ValidationRise | None:
    kept = [i for i, value in enumerate(curve.values) if math.isfinite(value)]
    steps = [curve.steps[i] for i in kept]
    values = [curve.values[i] for i in kept]
    count = len(values)
    if count < FEWEST:
        return None
    lowest = min(range(count), key=values.__getitem__)
    last = max(2, min(count // 5, _WINDOW))
    if count <= _SHORT and _falls_then_rises(values, lowest):
        change = _train_change(train, steps, lowest, 1, 2)
        if change is None:
            return None
        end = median(values[-2:])
        rise = _relative(values, values[lowest], end)
        counts = rise > 0 and _training_holds(change, rise)
        return ValidationRise(curve, rise if counts else 0.0, kept[lowest], end, change)
    widths = [max(2, min(count // 3, _WINDOW))]
    if count >= _LONG:
        # a model that overfits at once has its best stretch within few checks
        widths.append(min(count // 6, _WINDOW // 2))
    found = None
    for width in widths:
        start = _best_window(values, width, count - last)
        change = _train_change(train, steps, start, width, last)
        if change is None:
            continue
        best, ends = values[start : start + width], values[-last:]
        reference, end = median(best), median(ends)
        rise = _relative(values, reference, end)
        # fewer than 18 checks cannot reach 1 %; of many short stretches one is low by chance
        chance, scatters = (1.0, _SCATTERS) if width == widths[0] else (width / count, _FAR)
        level = _level(count, change) * chance
        beyond_noise = rank_sum_p(ends, best) < level and (
            end - reference > scatters * relative_scatter(values, reference)
        )
        counts = rise > 0 and beyond_noise and _training_holds(change, rise)
        one = ValidationRise(curve, rise if counts else 0.0, kept[lowest], end, change)
        found = one if found is None or one.rise > found.rise else found
    return found


def _training_holds(change: float, rise: float) -> bool:
    """A training loss that climbs with the validation loss is divergence."""
    return change < 0.25 and change < 0.5 * rise


def _level(count: int, train_change: float) -> float:
    """Significance level of the rank-sum test.

    The best stretch was chosen for being low, so the level is a third of 1 %; short curves
    cannot reach it even in perfect order. A training loss that halved meanwhile is evidence of
    its own.
    """
    if train_change < -0.5:
        return 0.05
    return 0.0035 if count >= 24 else 0.01 if count >= 18 else 0.02


def _falls_then_rises(values: Sequence[float], lowest: int) -> bool:
    """One valley with at least two checks on its far side, and nothing else."""
    falls = all(values[i] > values[i + 1] for i in range(lowest))
    rises = all(values[i] < values[i + 1] for i in range(lowest, len(values) - 1))
    return falls and rises and len(values) - 1 - lowest >= 2


def _best_window(values: Sequence[float], width: int, end: int) -> int:
    total = best = sum(values[:width])
    start = 0
    for i in range(1, end - width + 1):
        total += values[i + width - 1] - values[i - 1]
        if total < best:
            best, start = total, i
    return start


def _relative(values: Sequence[float], reference: float, end: float) -> float:
    """The rise as a share of the best level; of the improvement too where losses go below 0."""
    if min(values) > 0:
        return end / reference - 1
    scale = abs(reference) + max(values[0] - reference, 0.0)
    return (end - reference) / scale if scale > 0 else 0.0


def _train_change(
    train: Curve, steps: Sequence[float], start: int, width: int, last: int
) -> float | None:
    """Relative change of the training loss from the best stretch to the end; None if unknown."""
    before = steps[start - 1] if start > 0 else -math.inf
    at_best = _between(train, before, steps[min(start + width, len(steps)) - 1])
    at_end = _between(train, steps[len(steps) - last - 1], math.inf)
    if not at_best or not at_end:
        return None
    low, high = median(at_best), median(at_end)
    return (high - low) / abs(low) if low != 0 else 0.0


def _between(curve: Curve, after: float, until: float) -> list[float]:
    return [
        value
        for step, value in zip(curve.steps, curve.values, strict=True)
        if after < step <= until and math.isfinite(value)
    ]
