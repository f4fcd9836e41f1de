"""What the measures of a run show beyond a guess."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from ml_debugger.artifacts import Curve, TrainingRun
from ml_debugger.curves.guessing import classes_of
from ml_debugger.curves.points import Points, finite

_FIRST = 0.03
_AT_GUESS = 0.005
_TRAINED = 0.02
_LASTING = 3
_CONSTANT = 5
_ONE_CLASS = 0.1
_AREAS = frozenset({"auc", "roc_auc", "auroc", "rocauc"})
_CENTRED = frozenset(
    {"r2", "r2_score", "ic", "rank_ic", "mean_ic", "information_coefficient", "mcc", "kappa",
     "matthews_corrcoef", "spearman", "pearson", "correlation"}
)  # fmt: skip
_BASELINES = ("baseline", "naive", "persistence", "dummy")


@dataclass(frozen=True, slots=True)
class Skill:
    """One measure: its best lasting value, that of a guess, and the share of the way covered.

    `share` is 0 for a guess and 1 for perfection. `count` is how many validations there were,
    `line` that of the best. `of_training` marks the training loss, which is no validation.
    """

    name: str
    value: float
    guess: float
    share: float
    count: int
    line: int
    of_training: bool = False


def skills(run: TrainingRun) -> list[Skill]:
    """All measures of the run whose value for a guess is known."""
    found: list[Skill] = []
    classes = _classes(run)
    for name, curve in run.curves.items():
        points = finite(curve)
        if not len(points):
            continue
        guess = _guess(name, classes)
        if guess is not None and (measured := _share(curve, points, guess)) is not None:
            found.append(measured)
    found.extend(_against_baselines(run))
    found.extend(_losses_at_guess(run, classes))
    if any(not one.of_training for one in found):
        return found
    return []


def _classes(run: TrainingRun) -> int | None:
    """The number of classes, where the first training loss is that of a uniform guess."""
    curve = run.curve("train_loss", "val_loss")
    points = finite(curve) if curve is not None else None
    return classes_of(points.values[0], _FIRST) if points is not None and len(points) else None


def _guess(name: str, classes: int | None) -> float | None:
    if name.startswith("val_") and "directional" not in name and name.endswith("accuracy"):
        return 1 / classes if classes else None
    if name in ("val_directional_accuracy", "directional_accuracy"):
        return 0.5
    plain = name.removeprefix("val_")
    if name.startswith("val_") and plain in _AREAS:
        return 0.5
    if name.startswith("val_") and plain in _CENTRED:
        return 0.0
    return None


def _share(curve: Curve, points: Points, guess: float) -> Skill | None:
    scale = 100 if max(points.values) > 1.5 else 1
    values = [value / scale for value in points.values]
    if max(values) > 1 or (guess > 0 and (min(values) < 0 or max(values) == 0)):
        # a share of exactly 0 in every check is no measurement
        return None
    at, best = _best_lasting(values)
    if guess > 0 and best < guess + _ONE_CLASS and _pinned(values):
        # one class for everything scores its share of the rows, not skill
        guess = best
    return Skill(
        curve.original, best, guess, (best - guess) / (1 - guess), len(values), points.lines[at]
    )


def _pinned(values: Sequence[float]) -> bool:
    return len(values) >= _CONSTANT and values.count(sorted(values)[len(values) // 2]) >= (
        0.6 * len(values)
    )


def _best_lasting(values: Sequence[float]) -> tuple[int, float]:
    """The highest median of a fifth of the values in a row (at least three), and its middle.

    The wide window keeps the best of many noisy results from passing for skill. Of one or two
    values it is the greater.
    """
    if len(values) < _LASTING:
        at = max(range(len(values)), key=values.__getitem__)
        return at, values[at]
    width = max(_LASTING, len(values) // 5)
    stride = max(1, width // 20)
    starts = range(0, len(values) - width + 1, stride)
    at = max(starts, key=lambda start: median(values[start : start + width]))
    return at + width // 2, median(values[at : at + width])


def _against_baselines(run: TrainingRun) -> list[Skill]:
    loss = run.curve("val_loss")
    points = finite(loss) if loss is not None else None
    if loss is None or points is None or not len(points) or min(points.values) <= 0:
        return []
    found = []
    for name, curve in run.curves.items():
        words = name.split("_")
        if "loss" not in words or not any(word in words for word in _BASELINES):
            continue
        other = finite(curve)
        if len(other) and min(other.values) > 0:
            guess = median(other.values)
            at, best = _best_lasting([-value for value in points.values])
            found.append(
                Skill(loss.original, -best, guess, 1 + best / guess, len(points), points.lines[at])
            )
    return found


def _losses_at_guess(run: TrainingRun, classes: int | None) -> list[Skill]:
    """Cross entropies that never left ln C by more than half a per cent, the training's too."""
    train = run.curve("train_loss")
    if classes is None or train is None or not len(finite(train)):
        return []
    if abs(min(finite(train).values) / math.log(classes) - 1) > _TRAINED:
        return []
    guess = math.log(classes)
    found = []
    for name in ("val_loss", "train_loss"):
        curve = run.curve(name)
        points = finite(curve) if curve is not None else None
        if curve is None or points is None or len(points) < _LASTING:
            continue
        at, best = _best_lasting([-value for value in points.values])
        share = 1 + best / guess
        if abs(share) <= _AT_GUESS:
            found.append(
                Skill(curve.original, -best, guess, share, len(points), points.lines[at],
                      of_training=name == "train_loss")
            )  # fmt: skip
    return found
