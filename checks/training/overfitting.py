"""TRN008: the training goes on improving while the validation gets worse."""

from __future__ import annotations

import math
from statistics import median

from ml_debugger.artifacts import TrainingRun
from ml_debugger.contract import (
    Evidence,
    Limit,
    Measurement,
    NotMeasured,
    Outcome,
    check,
)
from ml_debugger.runs.late_jump import late_jump
from ml_debugger.runs.validation_rise import FEWEST, worst_rise


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
        Limit(
            name="late_jump",
            unit="share of the level since the best",
            direction="above",
            warn=1.0,
            meaning="how far the last two validation losses lie above all since the best, where "
            "they are ten times the training loss as well",
            source="two checks are little evidence: a warning; measured on a public log of an "
            "LSTM on closing prices, three times the level and 25 times the training loss",
        ),
    ],
    profiles=("pre-train", "full"),
)  # fmt: skip
def overfitting(run: TrainingRun) -> Outcome:
    """The training goes on improving while the validation gets worse.

    What it measures:
        The last fifth of every validation loss against its best third before that, as medians,
        and, from 40 checks on, against its best sixth, more strictly: some models overfit at once.
        The rise counts only when a rank-sum test confirms it (at a third of 1 %; less strictly
        below 24 checks, or where the training loss halved meanwhile), when it exceeds 1.2 times
        the curve's own scatter, and when the training loss fell or kept its level. Up to twelve
        checks, one fall and then at least two rises in a row count too. A training loss that
        rises as well is divergence, another check.
        Beside it: the gap between training and validation accuracy at the end; a training loss
        that falls well below ln 2 while validation accuracy stays at 0.5 or less; and two last
        validation losses above all since the best, at ten times the training loss and more.
        Rounds of a booster are left to boosting-overfit, their accuracies are judged here.

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
    rise = worst_rise(run)
    gap = _accuracy_gap(run)
    skill = _gain_without_skill(run)
    jump = late_jump(run)
    if rise is None and gap is None and skill is None and jump is None:
        return NotMeasured(_why_not(run))
    evidence: list[Evidence] = []
    titles: list[str] = []
    if gap is not None:
        train, validation = gap
        evidence.append(Evidence("train_accuracy", round(train, 4), None, "at the end"))
        evidence.append(Evidence("val_accuracy", round(validation, 4), None, "at the end"))
        if train - validation > 0.20:
            titles.append(f"Accuracy {train:.0%} in training, {validation:.0%} in validation")
    if skill is not None and skill > 0.15:
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
    if jump is not None and jump.share > 1 and line is None:
        line = jump.line
        evidence.append(Evidence("times_training_loss", round(jump.times_training, 1), "times"))
        titles.insert(0, f"The last two validation losses are {1 + jump.share:.1f} times the level "
                         f"since the best")  # fmt: skip
    return Measurement(
        titles[0],
        {
            "validation_rise": math.nan if rise is None else rise.rise,
            "accuracy_gap": math.nan if gap is None else gap[0] - gap[1],
            "gain_without_skill": math.nan if skill is None else skill,
            "late_jump": math.nan if jump is None else jump.share,
        },
        tuple(evidence[:5]),
        line=line,
    )


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
    if len(values) < FEWEST or accuracy is None or abs(values[0] / math.log(2) - 1) > 0.07:
        return None
    level = median(values[-max(1, len(values) // 5) :])
    return 1 - level / values[0] if accuracy <= 0.5 else 0.0


def _tendency(change: float) -> str:
    return "falls" if change < -0.05 else "is flat"


def _why_not(run: TrainingRun) -> str:
    if run.step_unit == "round":
        return "the rounds of a booster are judged by boosting-overfit"
    if run.curve("train_loss") is None and run.curve("train_accuracy") is None:
        return "no training loss in this log"
    if run.curve("val_loss") is None and run.curve("val_accuracy") is None:
        return "no validation metric in this log"
    return f"fewer than {FEWEST} validations, or too few points of the training loss"
