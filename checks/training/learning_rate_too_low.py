"""TRN016: the learning rate is too low for the length of the training."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import median

from ml_debugger.artifacts import Curve, TrainingConfig, TrainingRun
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
from ml_debugger.curves.blocks import blocks
from ml_debugger.curves.movement import Movement, movement
from ml_debugger.curves.points import Points, finite, without_warm_up
from ml_debugger.runs.configured_rate import asked_rate

_FEWEST = 8
_STILL = 0.02
_CRAWL = 0.005
_FAR_ABOVE = 100.0
_NEARLY = 0.9


@check(
    code="TRN016",
    name="learning-rate-too-low",
    component="training",
    playbook="training-run",
    limits=[
        Limit(
            name="runs_to_half",
            unit="times the length of this run",
            direction="above",
            warn=10,
            fail=50,
            meaning="how often the run would have to be repeated, at its pace, to halve the loss, "
            "where the rate is tiny and the loss falls in a straight line",
            source="design choice: ten times the length of a run nobody waits for; a run that "
            "learns at all needs one or two",
        ),
        Limit(
            name="rate_without_progress",
            unit="share of a tiny rate",
            direction="below",
            warn=0.5,
            fail=0.01,
            meaning="highest rate, or usual update, of a run whose loss does not move beyond its "
            "noise; 1 where it moves",
            source="design choice: half of 1e-5 leaves room for fine-tuning at a few millionths; "
            "1e-7 is below every recipe in common use",
        ),
    ],
    settings=[
        Setting("tiny_rate", "rate", 1e-5, "highest rate of a run that is looked at",
                "the project's record of 2025-12: 3e-6 to 2e-5 prevented all learning; "
                "transformers are fine-tuned with 1e-5 to 5e-5 (Devlin et al., BERT, 2019)"),
        Setting("tiny_rate_sgd", "rate", 1e-4, "the same where the optimizer is plain SGD",
                "SGD is used from 1e-3 to 0.5; its steps shrink with the gradient"),
        Setting("tiny_rate_booster", "shrinkage", 1e-3, "the same for a booster",
                "XGBoost and LightGBM documentation: 0.01 to 0.3"),
        Setting("tiny_update", "share of the weights' norm", 1e-5,
                "usual size of an update below which a run is looked at",
                "DeepDiagnosis, ICSE 2022: healthy from 1e-5 to 1e-1"),
    ],
    explained_by=("learning-rate-overridden", "learning-rate-flat"),
    profiles=("pre-train", "full"),
)  # fmt: skip
def learning_rate_too_low(
    run: TrainingRun, config: TrainingConfig | None, settings: Settings
) -> Outcome:
    """The learning rate is too low for the length of the training.

    What it measures:
        Only runs whose highest rate, or whose usual update relative to the weights, is tiny are
        looked at; the low rate at the end of a schedule does not count. Of those it asks
        whether the training loss falls in a straight line from the start to the end (a loss
        that learns falls fast first and slowly later), and how many further runs of this length
        it would take to halve the loss at that pace; or whether the loss, on one side of zero,
        does not move beyond its noise at all.

    Why it matters:
        The run costs its whole time and stops where it began. Its predictions are those of an
        untrained network, and the features are blamed.

    What to do:
        Raise the peak rate tenfold, and again, until the loss turns up; train at a third of
        that. 1e-3 suits LSTMs and small networks with Adam. Look whether a schedule replaces
        the rate that was given to the optimizer.

    Sources:
        DeepDiagnosis, ICSE 2022. Smith, Cyclical Learning Rates, 2017 (the rate range test).
        The project's record of 2025-12 (3e-6 to 2e-5 instead of 1e-4 to 1e-3).
    """
    loss = run.curve("train_loss")
    points = blocks(finite(loss), 400) if loss is not None else None
    if loss is None or points is None or len(points) < _FEWEST:
        return NotMeasured(f"fewer than {_FEWEST} points of a training loss")
    rate, source = _highest_rate(run, config)
    ratio = _update_ratio(run)
    if rate is None and ratio is None:
        return NotMeasured("neither the learning rate nor the size of updates is known")
    evidence = []
    if rate is not None:
        evidence.append(Evidence("highest_rate", rate, None, source))
    if ratio is not None:
        evidence.append(Evidence("update_ratio", ratio, "of the weights' norm", "median"))
    bound = _tiny_rate(run, config, settings)
    tiny = math.inf if rate is None else rate / bound
    # the updates of a converged model are tiny at any rate
    if ratio is not None and (rate is None or tiny < _FAR_ABOVE):
        tiny = min(tiny, ratio / settings["tiny_update"])
    shown = f"The rate reaches {rate:.3g}" if rate is not None else f"Updates are {ratio:.2g}"
    if tiny >= _NEARLY:
        values = {"runs_to_half": 0.0, "rate_without_progress": 1.0}
        return Measurement(f"{shown}: not a tiny one", values, tuple(evidence))
    if _still_rises(run):
        return NotMeasured("the rate still rises at the end of the log: its height is not known")
    pace = _pace(points, _warmed_up(run))
    if pace is None:
        return NotMeasured("too few points after the warm-up of the rate")
    runs = min(pace.runs_to_half, 1e6) if pace.straight else 0.0
    values = {"runs_to_half": runs, "rate_without_progress": tiny if pace.still else 1.0}
    evidence.append(Evidence("loss_at_the_start", pace.whole.first, None, loss.original))
    evidence.append(Evidence("loss_at_the_end", pace.whole.last, None, loss.original))
    found = runs > 10 or (pace.still and tiny < 0.5)
    how = "does not move" if pace.still else "falls in a straight line"
    title = (
        f"{shown} and {loss.original} {how}: {pace.whole.first:.4g} to {pace.whole.last:.4g}"
        if found
        else f"{shown}, and {loss.original} moves as it should"
    )
    return Measurement(title, values, tuple(evidence), points.lines[0] if found else None)


@dataclass(frozen=True, slots=True)
class _Pace:
    whole: Movement
    straight: bool
    still: bool
    runs_to_half: float


def _pace(points: Points, warmed_up: float) -> _Pace | None:
    """How the loss moves after the warm-up: in one line, not at all, or as it should."""
    kept = points.after_step(warmed_up) if warmed_up > -math.inf else points
    whole = movement(kept.values)
    if whole is None or len(kept) < _FEWEST:
        return None
    count = len(kept)
    middle = kept.values[count // 2 - count // 6 : count // 2 + max(1, count // 6)]
    early, late = whole.first - median(middle), median(middle) - whole.last
    # of an exponential fall over three time constants the first half holds 82 %, the last 18 %
    straight = whole.fell() and late > 0.25 * early
    level = abs(whole.last)
    one_sided = min(kept.values) > 0 or max(kept.values) < 0
    little = max(_STILL * level, whole.scatter)
    unmoved = not whole.fell() and not whole.rose() and abs(whole.fall) < little
    still = one_sided and (unmoved or abs(whole.fall) < _CRAWL * level)
    # the fall from the middle of the first to the middle of the last stretch
    fall = max(whole.fall, 0.0) / 0.8
    runs = math.inf if fall <= 1e-6 * level else 0.5 * level / fall
    return _Pace(whole, straight, still, runs)


def _warmed_up(run: TrainingRun) -> float:
    """Step at which the logged rate first comes near its height."""
    curve = run.curve("learning_rate")
    points = finite(curve) if curve is not None else None
    if points is None or not len(points):
        return -math.inf
    high = 0.9 * max(points.values)
    at = next(i for i, value in enumerate(points.values) if value >= high)
    return points.steps[at] if at > 0 else -math.inf


def _still_rises(run: TrainingRun) -> bool:
    """Whether the log ends inside the warm-up."""
    curve = run.curve("learning_rate")
    values = finite(curve).values if curve is not None else []
    return len(values) > 1 and values[0] < values[-1] >= max(values)


def _highest_rate(run: TrainingRun, config: TrainingConfig | None) -> tuple[float | None, str]:
    logged: dict[str, Curve] = {
        curve.original: curve for name, curve in run.curves.items()
        if name == "learning_rate" or name.startswith("learning_rate/")
    }  # fmt: skip
    highest = {
        name: max(finite(curve).values) for name, curve in logged.items() if len(finite(curve))
    }
    if highest:
        name = max(highest, key=lambda one: highest[one])
        # a rate of 0.00 was rounded away, or the parameters are frozen
        return (highest[name] or None), name
    asked = asked_rate(run, config).rates if config is not None else {}
    if not asked:
        return None, ""
    key = max(asked, key=lambda one: asked[one])
    return asked[key], f"{key} in the configuration"


def _tiny_rate(run: TrainingRun, config: TrainingConfig | None, settings: Settings) -> float:
    if run.step_unit == "round":
        return settings["tiny_rate_booster"]
    optimizers = [] if config is None else [
        value.lower() for key, value in config.values.items()
        if isinstance(value, str) and "optim" in key.lower()
    ]  # fmt: skip
    plain = any("sgd" in name for name in optimizers)
    return settings["tiny_rate_sgd"] if plain else settings["tiny_rate"]


def _update_ratio(run: TrainingRun) -> float | None:
    curve = run.curve("update_ratio")
    points = without_warm_up(finite(curve)) if curve is not None else None
    if points is None or len(points) < 3:
        return None
    # the height of the schedule, not its end
    highest = sorted(points.values)[-max(1, len(points) // 2) :]
    # an update of 0.00 was rounded away
    return median(highest) or None
