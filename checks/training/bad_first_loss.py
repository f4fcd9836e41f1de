"""TRN012: the first loss is far from what an untrained model gives."""

from __future__ import annotations

import math
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
from ml_debugger.curves.guessing import GREATEST
from ml_debugger.curves.objectives import unsteady_objective
from ml_debugger.curves.points import Points, finite

_FEWEST = 5
_FEW = 3
_QUICK = 0.7
_FOR_GOOD = 100


@check(
    code="TRN012",
    name="bad-first-loss",
    component="training",
    playbook="training-run",
    limits=[
        Limit(
            name="first_over_settled",
            unit="times the level that follows",
            direction="above",
            warn=1e3,
            fail=1e6,
            meaning="first loss against the level that the run settles at, most of it lost "
            "within the first few points",
            source="measured: healthy public logs lose a factor of 330 at most in all, none of "
            "4,300 simulated healthy runs of 43 kinds is beyond it; one that blew up lost 1e17",
        ),
        Limit(
            name="first_over_guess",
            unit="times the loss of a guess",
            direction="above",
            warn=1.4,
            fail=10.0,
            meaning="first cross entropy against that of a uniform guess over 260,000 classes",
            source="ln 260,000 = 12.5 nats, the largest vocabularies in use; measured: a public "
            "language-model log with a broken initialisation starts at 19, 1.5 times that",
        ),
    ],
    settings=[
        Setting("smallest", "loss", 10.0,
                "first losses below it are not judged by what follows",
                "standardised targets cost 1 to 2 at the start, a thousand classes 6.9"),
    ],
    explained_by=("unscaled-feature", "learning-rate-too-high"),
    profiles=("quick", "pre-train", "full"),
)  # fmt: skip
def bad_first_loss(run: TrainingRun, settings: Settings) -> Outcome:
    """The first loss is far from what an untrained model gives.

    What it measures:
        The first training loss (validation loss, if there is no other) against the median of
        the second half of the run. It counts only where the first loss is above 10, seven
        tenths of the fall, in orders of magnitude, happen within the next three points or 2 %
        of the run, and no later value comes within a hundredth of the first. A loss of unscaled
        prices that falls over many epochs is slow learning, not a bad start.
        Where a logged perplexity says that the loss is a cross entropy, the first loss is
        compared with the dearest uniform guess there is (ln 260,000 = 12.5), and counts if it
        is also more than twice what the run settles at.

    Why it matters:
        An untrained model should cost what ignorance costs: ln C for C classes, the variance of
        the target for a squared error. A start far above that comes from unscaled inputs or
        targets, or a wrong initialisation. The first updates then throw the weights to where
        they may never come back from, and Adam remembers them for thousands of steps.

    What to do:
        Standardise features and targets with statistics of the training window. Initialise the
        last layer with zeros or small values and its bias with the mean of the target. Use a
        warm-up, and clip the gradient norm.

    Sources:
        Karpathy, A Recipe for Training Neural Networks, 2019 (verify the loss at
        initialisation). Amazon SageMaker Debugger, rule PoorWeightInitialization.
    """
    why = unsteady_objective(run)
    if why is not None:
        return NotMeasured(why)
    curve = run.curve("train_loss", "val_loss")
    points = finite(curve) if curve is not None else None
    if curve is None or points is None or len(points) < _FEWEST:
        return NotMeasured(f"no loss with at least {_FEWEST} finite values in this log")
    if points.steps[0] > 0.1 * points.steps[-1] and points.steps[0] > 1:
        return NotMeasured(f"the log begins at {run.step_unit} {points.steps[0]:g}")
    first = points.values[0]
    settled = median(points.values[len(points) // 2 :])
    if settled <= 0:
        return NotMeasured("the loss goes to zero or below: it has no ratio")
    ratio = first / settled if first > settings["smallest"] and _quick(points, settled) else 1.0
    guess = math.nan
    entropy = _cross_entropy(run)
    if entropy is not None:
        start = max(finite(one).values[0] for one in entropy)
        guess = start / GREATEST if start > 2 * settled and settled < GREATEST else 0.0
        first = max(first, start) if guess > 1.4 else first
    evidence = [
        Evidence("first_loss", first, None, f"line {points.lines[0]}"),
        Evidence("next_loss", points.values[1], None, f"line {points.lines[1]}"),
        Evidence("settled_loss", settled, None, "median of the second half"),
    ]
    if entropy is not None:
        evidence.append(Evidence("greatest_guess", round(GREATEST, 2), "nats", "ln 260,000"))
    bad = ratio > 1e3 or guess > 1.4
    title = f"{curve.original} starts at {first:.3g} and settles at {settled:.3g}"
    if bad:
        title += ": far above an untrained model's"
    return Measurement(
        title,
        {"first_over_settled": ratio, "first_over_guess": guess},
        tuple(evidence),
        line=points.lines[0] if bad else None,
    )


def _quick(points: Points, settled: float) -> bool:
    """Whether most of the fall, in orders of magnitude, lies in the first few points for good."""
    values = points.values
    few = min(max(_FEW, len(values) // 50), len(values) - 2)
    reached = median(values[few - 1 : few + 2])
    if reached <= 0 or max(values[few:]) > values[0] / _FOR_GOOD:
        return False
    return math.log(values[0] / reached) > _QUICK * math.log(values[0] / settled)


def _cross_entropy(run: TrainingRun) -> list[Curve] | None:
    """The losses that are cross entropies by what else is logged; None where nothing says so."""
    losses = [one for name in ("train_loss", "val_loss") if (one := run.curve(name))]
    for name, one in run.curves.items():
        if "ppl" in name.split("_") or "perplexity" in name:
            last = finite(one).values[-1:]
            own = [value for loss in losses for value in finite(loss).values[-1:]]
            if last and last[0] > 0 and any(abs(math.log(last[0]) - v) < 0.05 for v in own):
                return [loss for loss in losses if len(finite(loss))]
    return None
