"""BST001: a booster goes on long after its best round, and that round is not used."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from ml_debugger.artifacts import BoosterModel, Curve, TrainingRun
from ml_debugger.artifacts.segments import names_another
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
from ml_debugger.curves.noise import relative_scatter, scatter
from ml_debugger.curves.points import Points, finite
from ml_debugger.curves.significance import rank_sum_p

_FEWEST = 10
_SURE = 0.005
_SHORT_PAST = 20
_BETTER_ABOVE = ("auc", "aucpr", "accuracy", "map", "ndcg", "f1", "r2")
_BEST = frozenset(
    {"best_iteration", "best_round", "best_step", "best_ntree_limit", "bestIteration"}
)
_PATIENCES = (10, 15, 20, 25, 30, 40, 50, 75, 100, 150, 200, 250, 300, 400, 500, 750, 1000)


@dataclass(frozen=True, slots=True)
class _Past:
    """A validation curve past its best round. `lost` is the share of its gain that is lost."""

    curve: Curve
    points: Points
    best: int
    past: float
    lost: float
    level: float


@check(
    code="BST001",
    name="boosting-overfit",
    component="training",
    playbook="walk-forward",
    limits=[
        Limit(
            name="gain_lost",
            unit="share of the gain",
            direction="above",
            warn=0.10,
            fail=0.50,
            meaning="how much of what the best round had gained over the first is lost again at "
            "the last round, beyond noise, where the model uses all rounds",
            source="deepchecks, boosting overfit: a decline of 5 % of the score; half of the gain "
            "lost leaves a model nearer to none than to its best",
        )
    ],
    settings=[
        Setting("patience", "rounds", 50,
                "rounds past the best that early stopping commonly allows",
                "XGBoost and LightGBM examples: 10 to 50 early_stopping_rounds"),
        Setting("patience_share", "share of rounds", 0.1,
                "rounds past the best that are allowed of many rounds at a low rate",
                "a tenth of the planned rounds, as patience is commonly chosen"),
    ],
    explained_by=("future-in-feature", "target-in-features", "shuffled-split"),
    profiles=("pre-train", "full"),
)  # fmt: skip
def boosting_overfit(
    run: TrainingRun, model: BoosterModel | None, settings: Settings
) -> Outcome:  # fmt: skip
    """A booster goes on long after its best round, and that round is not used.

    What it measures:
        The validation loss (else a score such as AUC) by rounds. The share of the gain, from
        the first round to the best stretch, that the last rounds lose again. It counts where
        the last rounds are worse than the best stretch by a rank-sum test at 0.5 % and by the
        curve's own scatter, and where the run went on past the best round for more than 50
        rounds and a tenth of all, or for 20 that are six tenths of all.
        It is no fault where the best round is used: the model or the log names it, the model
        was cut there, the run ended one of the usual patiences after it, as early stopping
        ends it, or the library cuts by itself (CatBoost with a validation set). A score such
        as AUC that still rises speaks for the run as well.
        How far training and validation accuracy lie apart is the business of overfitting.

    Why it matters:
        Every further tree fits the noise of the training window. XGBoost and LightGBM predict
        with all trees unless early stopping was on or the best round is handed over.

    What to do:
        Train with early_stopping_rounds on validation rows that lie after the training rows,
        and predict with iteration_range up to the best round. Then lower the learning rate,
        the depth or the number of leaves, or raise min_child_weight.

    Sources:
        XGBoost documentation, Early Stopping and Prediction (iteration_range, best_iteration).
        LightGBM documentation, early_stopping. CatBoost documentation, use_best_model. Mann
        and Whitney, Annals of Mathematical Statistics 18, 1947.
    """
    if run.step_unit != "round":
        return NotMeasured("this is no log of boosting rounds")
    if run.segment and model is not None and names_another(run.segment, model.path or ""):
        return NotMeasured(f"{model.subject} is the model of another part of this log")
    losses, scores = _validations(run, "loss"), _validations(run, *_BETTER_ABOVE)
    sign = 1.0 if losses else -1.0
    pasts = [past for c in losses or scores if (past := _past(c, sign)) is not None]
    if not pasts:
        return NotMeasured(f"fewer than {_FEWEST} validations by rounds in this log")
    # the loss of the main set is what early stopping would look at
    main = next((p for p in pasts if p.curve.name == "val_loss"), pasts[0])
    allowed = max(settings["patience"], settings["patience_share"] * main.points.steps[-1])
    used = _used(run, model, main) or _still_better(main, scores if losses else [])
    best = f"round {main.points.steps[main.best]:g}"
    ended = main.points.steps[-1] + 1
    # a short run that spent most of its rounds past the best
    mostly = main.past >= _SHORT_PAST and main.past > 0.6 * ended
    counts = used is None and (main.past > allowed or mostly)
    value = main.lost if counts else 0.0
    evidence = (
        Evidence("best_round", main.points.steps[main.best], "round",
                 f"line {main.points.lines[main.best]}"),
        Evidence("best_value", main.points.values[main.best], None, main.curve.original),
        Evidence("last_value", main.level, None, f"round {main.points.steps[-1]:g}"),
        Evidence("rounds_past_the_best", main.past, "rounds"),
        Evidence("best_round_used", used or "not by what is known"),
    )  # fmt: skip
    if value > 0.10:
        title = f"{main.lost:.0%} of the gain is lost in {main.past:g} rounds past the best, {best}"
        return Measurement(title, {"gain_lost": value}, evidence, main.points.lines[main.best])
    why = used if used and main.lost > 0.10 else "the last rounds are about as good"
    if not used and main.past <= allowed:
        why = f"the run ends {main.past:g} rounds later"
    return Measurement(f"{main.curve.original} is best at {best}: {why}", {"gain_lost": value},
                       evidence)  # fmt: skip


def _validations(run: TrainingRun, *kinds: str) -> list[Curve]:
    return [
        curve
        for name, curve in run.curves.items()
        if name.startswith("val") and not set(kinds).isdisjoint(name.split("_"))
    ]


def _still_better(main: _Past, scores: Sequence[Curve]) -> str | None:
    """A score such as AUC that goes on rising: it may well be what the run was meant to raise."""
    since = main.points.steps[main.best]
    for score in scores:
        later = finite(score).after_step(since - 1).values
        width = max(3, len(later) // 10)
        if len(later) >= 2 * width and rank_sum_p(later[-width:], later[:width]) < _SURE:
            return f"{score.original} still rises"
    return None


def _past(curve: Curve, sign: float) -> _Past | None:
    points = finite(curve)
    count = len(points)
    if count < _FEWEST:
        return None
    values = [sign * value for value in points.values]
    best = min(range(count), key=values.__getitem__)
    width, last = max(3, min(count // 10, 50)), max(3, min(count // 10, 50))
    start = min(max(0, best - width // 2), count - width)
    stretch, end = values[start : start + width], values[-last:]
    reference, level = median(stretch), median(end)
    gain = values[0] - values[best]
    noise = relative_scatter(values, reference) if min(values) > 0 else scatter(values)
    worse = rank_sum_p(end, stretch) < _SURE or (last < 6 and min(end) > max(stretch))
    real = worse and level - reference > noise
    # a run whose first round is its best has gained nothing to lose: any rise is the whole
    lost = (level - reference) / gain if gain > 0.02 * abs(level - reference) else 2.0
    return _Past(
        curve,
        points,
        best,
        points.steps[-1] - points.steps[best],
        lost if real and math.isfinite(lost) else 0.0,
        sign * level,
    )


def _used(run: TrainingRun, model: BoosterModel | None, main: _Past) -> str | None:
    """Why the best round is the one that predicts; None where nothing says so."""
    best = main.points.steps[main.best]
    if model is not None and model.best_round is not None:
        return f"the model names round {model.best_round} as its best"
    grown = model.rounds if model is not None else None
    if grown is not None and grown <= best + _spacing(main.points.steps) + 1:
        return f"the model was cut to {grown} rounds"
    for name in run.details:
        if name.replace(" ", "_").replace("-", "_") in _BEST:
            return f"the log names round {run.details[name]} as its best"
    if run.format.lower().startswith("catboost"):
        return "CatBoost keeps the rounds up to the best by itself"
    if run.planned_steps is not None and main.points.steps[-1] >= run.planned_steps - 1:
        return None
    return _by_patience(main, _spacing(main.points.steps))


def _by_patience(main: _Past, spacing: float) -> str | None:
    """The run ended as early stopping ends it: a usual patience after the best round."""
    ended = main.points.steps[-1] + 1
    if spacing > 1 or (ended >= 100 and ended % 100 == 0):
        return None
    if main.past in _PATIENCES:
        return f"the run ended {main.past:g} rounds later, as early stopping ends it"
    return None


def _spacing(steps: Sequence[float]) -> float:
    return (steps[-1] - steps[0]) / max(1, len(steps) - 1)
