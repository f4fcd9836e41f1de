"""TRN008: the training goes on improving while the validation gets worse."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from ml_debugger.artifacts import Curve, TrainingRun
from ml_debugger.contract import (
    Evidence,
    Limit,
    Measurement,
    NotMeasured,
    Outcome,
    Setting,
    Settings,
    check,
)
from checks.training.significance import rank_sum_p

_FEWEST = 4
# up to here a fall and rise in single file is the only sign of persistence there can be
_SHORT = 12
_WINDOW = 200


@dataclass(frozen=True, slots=True)
class _Rise:
    """The end of a validation loss against its best stretch; `rise` is 0 within the noise."""

    curve: Curve
    rise: float
    best: int
    end: float
    train_change: float


@check(
    code="TRN008",
    name="overfitting",
    component="training",
    playbook="walk-forward",
    limits=[
        Limit(
            name="validation_rise",
            unit="share of the best level",
            direction="above",
            warn=0.10,
            fail=0.30,
            meaning="how far the validation loss ends above its best stretch, beyond its noise, "
            "while the training loss does not rise",
            source="warn: SageMaker Debugger rule Overfit, ratio_threshold 0.1; fail: measured on "
            "public training logs, clear cases end 59 to 129 % above, a mild one 24 %",
        ),
        Limit(
            name="accuracy_gap",
            unit="share",
            direction="above",
            fail=0.20,
            meaning="training accuracy less validation accuracy at the end",
            source="the project's record: a gap above 0.20, or 0.95 against 0.60",
        ),
        Limit(
            name="gain_without_skill",
            unit="share of the first loss",
            direction="above",
            warn=0.15,
            meaning="fall of a two-class training loss while validation accuracy is at most 0.5",
            source="ln 2 is the loss of a coin; 0.5 is its accuracy",
        ),
    ],
    settings=[
        Setting("rounds_past_best", "rounds", 50,
                "rounds past the best that early stopping of a booster commonly allows",
                "XGBoost and LightGBM examples: 10 to 50 early_stopping_rounds"),
    ],
    profiles=("pre-train", "full"),
)  # fmt: skip
def overfitting(run: TrainingRun, settings: Settings) -> Outcome:
    """The training goes on improving while the validation gets worse.

    What it measures:
        The last fifth of every validation loss against its best third before that, as medians.
        The rise counts only when a rank-sum test confirms it (at 1 %; at 5 % where the
        training loss halved meanwhile, at 2 % below 18 checks), when it exceeds the curve's own
        scatter, and when the training loss fell or kept its level. Up to twelve checks, one
        fall and then at least two rises in a row count too. A training loss that rises as well
        is divergence, another check.
        Beside it: the gap between training and validation accuracy at the end, and a training
        loss that falls well below ln 2 while validation accuracy stays at 0.5 or less.

    Why it matters:
        The model learns the noise of its training window. In a market that noise does not come
        back, so the backtest on seen data shines and live trading loses.

    What to do:
        Use the checkpoint at the best validation, and stop there next time (early stopping).
        Then make the model smaller or its regularisation stronger (dropout, weight decay,
        depth, min_child_weight), use fewer features or more years. Check that validation rows
        come after the training rows, with the label horizon purged between them.

    Sources:
        Prechelt, Early Stopping - But When?, 1998. Mann and Whitney, Annals of Mathematical
        Statistics 18, 1947. Amazon SageMaker Debugger, rule Overfit. The project's record of
        train-validation gaps (0.20; 0.95 against 0.60).
    """
    rise = _worst_rise(run, settings["rounds_past_best"])
    gap = _accuracy_gap(run)
    skill = _gain_without_skill(run)
    if rise is None and gap is None and skill is None:
        return NotMeasured(_why_not(run))
    evidence: list[Evidence] = []
    titles: list[str] = []
    if gap is not None:
        train, validation = gap
        evidence.append(Evidence("train_accuracy", round(train, 4), None, "at the end"))
        evidence.append(Evidence("val_accuracy", round(validation, 4), None, "at the end"))
        if train - validation > 0.20:
            titles.append(f"Accuracy {train:.0%} in training, {validation:.0%} in validation")
    if skill is not None and skill > 0:
        evidence.append(Evidence("train_loss_fall", round(skill, 4), "share of the first loss"))
        titles.append(f"Training loss fell {skill:.0%}, validation accuracy is a coin's")
    line = None
    if rise is not None:
        curve, best = rise.curve, rise.best
        where = f"{run.step_unit} {curve.steps[best]:g}"
        evidence = [
            Evidence("best_loss", curve.values[best], None, f"{where}, line {curve.lines[best]}"),
            Evidence("final_level", rise.end, None, curve.original),
            Evidence("train_loss_change", round(rise.train_change, 4), "share", "best to end"),
            *evidence,
        ]
        if rise.rise > 0.10:
            line = curve.lines[best]
            titles.insert(0, f"{curve.original} ends {rise.rise:.0%} above its best ({where}) "
                             f"while training {_tendency(rise.train_change)}")  # fmt: skip
        elif not titles:
            titles.append(f"{curve.original} ends within noise of its best ({where})")
    elif not titles:
        titles.append("Training and validation accuracy end close together")
    return Measurement(
        titles[0],
        {
            "validation_rise": math.nan if rise is None else rise.rise,
            "accuracy_gap": math.nan if gap is None else gap[0] - gap[1],
            "gain_without_skill": math.nan if skill is None else skill,
        },
        tuple(evidence[:5]),
        line=line,
    )


def _worst_rise(run: TrainingRun, rounds_past_best: float) -> _Rise | None:
    train = run.curve("train_loss")
    if train is None:
        return None
    found = [
        rise
        for name, curve in run.curves.items()
        if name.startswith("val") and "loss" in name.split("_")
        and (rise := _rise(curve, train, run.step_unit, rounds_past_best)) is not None
    ]  # fmt: skip
    # the main validation set stands for the run where nothing rises
    return max(found, key=lambda r: (r.rise, r.curve.name == "val_loss"), default=None)


def _rise(curve: Curve, train: Curve, unit: str, rounds_past_best: float) -> _Rise | None:
    kept = [i for i, value in enumerate(curve.values) if math.isfinite(value)]
    steps = [curve.steps[i] for i in kept]
    values = [curve.values[i] for i in kept]
    count = len(values)
    if count < _FEWEST:
        return None
    lowest = min(range(count), key=values.__getitem__)
    last = max(2, min(count // 5, _WINDOW))
    width = max(2, min(count // 3, _WINDOW))
    if count <= _SHORT and _falls_then_rises(values, lowest):
        start, width, last = lowest, 1, 2
    else:
        start = _best_window(values, width, count - last)
    reference, end = median(values[start : start + width]), median(values[-last:])
    change = _train_change(train, steps, start, width, last)
    if change is None:
        return None
    rise = _relative(values, reference, end)
    if width > 1:
        best = values[start : start + width]
        p = rank_sum_p(values[-last:], best)
        # fewer than 18 checks cannot reach 1 %
        level = 0.05 if change < -0.5 else 0.01 if count >= 18 else 0.02
        beyond_noise = p < level and end - reference > _scatter(values, reference)
    else:
        beyond_noise = True
    past_best = unit != "round" or steps[-1] - steps[lowest] > rounds_past_best
    # a training loss that climbs with the validation loss is divergence
    training_holds = change < 0.25 and change < 0.5 * rise
    counts = rise > 0 and beyond_noise and past_best and training_holds
    return _Rise(curve, rise if counts else 0.0, kept[lowest], end, change)


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


def _scatter(values: Sequence[float], level: float) -> float:
    """Standard deviation about the trend at a level, from the differences of neighbours.

    Losses scatter in proportion to their level, so differences are taken of logarithms where
    all are positive. 1.4826 makes the median absolute deviation that of a normal distribution.
    """
    positive = min(values) > 0
    scale = [math.log(value) for value in values] if positive else list(values)
    steps = [after - before for before, after in zip(scale, scale[1:], strict=False)]
    middle = median(steps)
    spread = 1.4826 * median(abs(step - middle) for step in steps) / math.sqrt(2)
    return level * math.expm1(min(spread, 50.0)) if positive else spread


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


def _accuracy_gap(run: TrainingRun) -> tuple[float, float] | None:
    train, validation = _final_share(run, "train_accuracy"), _final_share(run, "val_accuracy")
    return None if train is None or validation is None else (train, validation)


def _final_share(run: TrainingRun, name: str) -> float | None:
    curve = run.curve(name)
    values = [v for v in curve.values if math.isfinite(v)] if curve is not None else []
    if not values or min(values) < 0 or max(values) > 100:
        return None
    level = median(values[-max(1, min(len(values) // 5, 50)) :])
    return level / 100 if max(values) > 1.5 else level


def _gain_without_skill(run: TrainingRun) -> float | None:
    train, accuracy = run.curve("train_loss"), _final_share(run, "val_accuracy")
    values = [v for v in train.values if math.isfinite(v)] if train is not None else []
    if len(values) < _FEWEST or accuracy is None or abs(values[0] / math.log(2) - 1) > 0.07:
        return None
    level = median(values[-max(1, len(values) // 5) :])
    return 1 - level / values[0] if accuracy <= 0.5 else 0.0


def _tendency(change: float) -> str:
    return "falls" if change < -0.05 else "is flat"


def _why_not(run: TrainingRun) -> str:
    if run.curve("train_loss") is None and run.curve("train_accuracy") is None:
        return "no training loss in this log"
    if run.curve("val_loss") is None and run.curve("val_accuracy") is None:
        return "no validation metric in this log"
    return f"fewer than {_FEWEST} validations, or too few points of the training loss"
