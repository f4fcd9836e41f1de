"""TRN015: the learning rate is higher than the training can bear."""

from __future__ import annotations

import math
from statistics import median

from ml_debugger.artifacts import Curve, TrainingConfig, TrainingRun
from ml_debugger.contract import Evidence, Limit, Measurement, NotMeasured, Outcome, check
from ml_debugger.curves.points import finite, without_warm_up
from ml_debugger.runs.rate_trouble import FEWEST, RateTrouble, rate_trouble

_ADAPTIVE = ("adam", "rmsprop", "adagrad", "lamb", "lion", "nadam", "radam")


@check(
    code="TRN015",
    name="learning-rate-too-high",
    component="training",
    playbook="training-run",
    limits=[
        Limit(
            name="loss_rise",
            unit="times what had been gained",
            direction="above",
            warn=0.5,
            fail=1.0,
            meaning="how far the loss goes up as the rate rises to a new height, over what it had "
            "gained until then, a tenth of its level and three scatters; 100 for NaN",
            source="1 is the loss of everything that was learnt; measured on small networks "
            "driven to about 100 times their best rate: 0.6 to 5",
        ),
        Limit(
            name="update_ratio",
            unit="share of the weights' norm a step",
            direction="above",
            warn=0.1,
            fail=1.0,
            meaning="usual size of an update relative to the weights, in a run whose loss does "
            "not fall",
            source="DeepDiagnosis, ICSE 2022: healthy from 1e-5 to 1e-1; 1 replaces all weights",
        ),
        Limit(
            name="rate_without_learning",
            unit="rate, times 30 for Adam and its kin",
            direction="above",
            warn=0.5,
            fail=2.0,
            meaning="highest rate of a run whose loss ends above its beginning",
            source="SGD is used up to about 0.5 (large batches with a warm-up), Adam to 0.01 "
            "(UMLAUT, CHI 2021)",
        ),
    ],
    explained_by=("unscaled-feature", "learning-rate-overridden"),
    profiles=("pre-train", "full"),
)  # fmt: skip
def learning_rate_too_high(run: TrainingRun, config: TrainingConfig | None) -> Outcome:
    """The learning rate is higher than the training can bear.

    What it measures:
        Where the loss, smoothed, leaves its lowest level for good (by half of what had been
        gained, a tenth of its level and five scatters), whether that set in as the rate rose
        to a height that it had not had before, and whether it calmed down when the rate fell.
        Rises at the restarts of a schedule, at rates that the training had lived with, are no
        fault. Beside it: updates that are large against the weights, and rates that no common
        optimizer bears, each only in a run whose loss did not fall.

    Why it matters:
        Steps that overshoot throw the weights out of the region that was learnt. The run ends
        in NaN, or in a network that predicts one value, and no later step repairs it.

    What to do:
        Lower the peak rate to where the loss was still calm, a third of the rate at the onset
        or less. Lengthen the warm-up, clip the gradient norm, scale the inputs.

    Sources:
        Smith, Cyclical Learning Rates, 2017 (the rate at which the loss turns up is the upper
        bound). DeepDiagnosis, ICSE 2022. UMLAUT, CHI 2021. The project's record of 2025-12
        (5e-4 overshot in mixed precision; 5e-5 did not).
    """
    loss, rate = run.curve("train_loss", "val_loss"), run.curve("learning_rate")
    if loss is None or len(loss) < FEWEST:
        return NotMeasured(f"fewer than {FEWEST} points of a loss")
    ratio = _update_ratio(run)
    if (rate is None or not len(finite(rate))) and ratio is None:
        return NotMeasured("neither the learning rate nor the size of updates was logged")
    values: dict[str, float] = {}
    evidence: list[Evidence] = []
    titles: list[str] = []
    learns = _learns(loss)
    line = None
    if rate is not None and len(finite(rate)):
        found = rate_trouble(loss, rate)
        highest = max(finite(rate).values)
        values["loss_rise"] = found.rise if found is not None else 0.0
        scaled = highest * (30 if _adaptive(config) else 1)
        values["rate_without_learning"] = 0.0 if learns else scaled
        evidence.append(Evidence("highest_rate", highest, None, rate.original))
        if found is not None:
            evidence = _told(found, run, loss)
            line = found.onset.lines[0]
            titles.append(f"{loss.original} goes up from {found.before:.3g} to {found.worst:.3g} "
                          f"as the rate rises to {found.rate:.2g}")  # fmt: skip
        elif not learns and scaled > 0.5:
            line = loss.lines[0]
            titles.append(f"At a rate of {highest:.3g} {loss.original} never falls")
    if ratio is not None:
        values["update_ratio"] = 0.0 if learns else ratio
        evidence.append(Evidence("update_ratio", ratio, "of the weights' norm", "median"))
        if not learns and ratio > 0.1:
            titles.append(f"Each step changes the weights by {ratio:.0%} and nothing is learnt")
    if not titles:
        titles.append(f"{loss.original} does not suffer from the rate")
    return Measurement(titles[0], values, tuple(evidence[:5]), line)


def _told(found: RateTrouble, run: TrainingRun, loss: Curve) -> list[Evidence]:
    where = f"{run.step_unit} {found.onset.steps[0]:g}, line {found.onset.lines[0]}"
    calm = {True: "calm again as the rate falls", False: "not undone as the rate falls"}
    return [
        Evidence("onset", found.onset.steps[0], run.step_unit, f"line {found.onset.lines[0]}"),
        Evidence("loss_before", found.before, None, f"at a rate of {found.calm_rate:.3g}"),
        Evidence("highest_loss", found.worst, None, loss.original),
        Evidence("rate_at_onset", found.rate, None, where),
        Evidence("after", calm.get(bool(found.recovered), "") if found.recovered is not None
                 else "the rate never falls again"),
    ]  # fmt: skip


def _learns(loss: Curve) -> bool:
    """False only where the loss ends a fifth above its beginning, or in NaN."""
    if not all(math.isfinite(value) for value in loss.values[-3:]):
        return False
    values = finite(loss).values
    # the first value is that of the untrained network: a blow-up is over after a few steps
    bound = values[0] + 0.2 * abs(values[0])
    last = values[-max(3, len(values) // 5) :]
    return sum(value > bound for value in last) < 0.8 * len(last)


def _update_ratio(run: TrainingRun) -> float | None:
    curve = run.curve("update_ratio")
    if curve is None:
        return None
    points = without_warm_up(finite(curve))
    return median(points.values) if len(points) >= 3 else None


def _adaptive(config: TrainingConfig | None) -> bool:
    if config is None:
        return False
    names = [v.lower() for k, v in config.values.items() if isinstance(v, str) and "optim" in k]
    return any(word in name for name in names for word in _ADAPTIVE)
