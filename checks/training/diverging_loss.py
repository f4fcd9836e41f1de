"""TRN003: the loss climbs away from its minimum and stays there."""

from __future__ import annotations

from ml_debugger.artifacts import TrainingRun
from ml_debugger.contract import (
    Evidence,
    Limit,
    Measurement,
    NotMeasured,
    Outcome,
    check,
)
from ml_debugger.curves.objectives import unsteady_objective
from ml_debugger.curves.points import Points, finite
from ml_debugger.runs.divergence import Climb, above_a_guess, final_growth, lasting_climb

_FEWEST = 5
_WITHIN = 0.30


@check(
    code="TRN003",
    name="diverging-loss",
    component="training",
    playbook="training-run",
    limits=[
        Limit(
            name="lasting_rise",
            unit="share of the lowest level",
            direction="above",
            warn=_WITHIN,
            fail=0.50,
            meaning="how far a loss ends above its lowest level, beyond every climb that it has "
            "made good before, and without coming down again",
            source="measured: 5 of 4,300 simulated healthy runs of 43 kinds end further above, "
            "by noise that wanders; TheDeepChecker calls twice the minimum diverging",
        )
    ],
    explained_by=("unscaled-feature", "learning-rate-too-high", "exploding-gradient",
                  "bad-first-loss"),
    profiles=("quick", "pre-train", "full"),
)  # fmt: skip
def diverging_loss(run: TrainingRun) -> Outcome:
    """The loss climbs away from its minimum and stays there.

    What it measures:
        The median of the last eighth of the training loss against the lowest rolling median
        before it. The climb counts when it is more than twice every climb that the curve has
        made good before and four times its scatter (its own noise), when nearly all of the last
        points lie in its upper half, and when the curve is not on its way down again. In logs
        of less than twelve values each must lie above the one before.
        A climb that follows a rise of the learning rate (restart, warm-up, one cycle) counts
        only above the level at which the run began, and so does a sudden one in the last third
        of a log, which may be a restart. A training loss that climbs while the
        validation loss does not is a change of the data, not divergence.
        The validation loss is judged in the same way, but only where the training loss rises as
        well; where that falls or holds, overfitting is the name. Growth to more than three times
        the usual level right before the first NaN counts too, and so does a cross entropy that
        begins at ln C and stays half above it.

    Why it matters:
        The updates are larger than the curvature of the loss allows, and each makes the next
        one worse. Nothing that comes after the minimum is worth its time.

    What to do:
        Stop, and go back to the checkpoint at the minimum. Lower the learning rate (a third is
        a good first step), lengthen the warm-up, clip the gradient norm. Look for unscaled
        features and for outliers in the labels if it comes back.

    Sources:
        The project's record: validation loss that rises ten checks in a row. TheDeepChecker,
        settings (diverging at twice the minimum).
    """
    why = unsteady_objective(run)
    if why is not None:
        return NotMeasured(why)
    train = _points(run, "train_loss")
    validation = _points(run, "val_loss")
    if train is None and validation is None:
        return NotMeasured(f"no loss with at least {_FEWEST} finite values in this log")
    rate = run.curve("learning_rate")
    rates = finite(rate) if rate is not None else None
    found: list[tuple[str, Points, Climb]] = []
    if train is not None:
        own = run.curves["train_loss"]
        climb = final_growth(own, train) or above_a_guess(train) or lasting_climb(train, rates)
        if not climb.growing and climb.rise > 0 and _holds(validation, climb.rise):
            climb = climb.none()
        found.append((own.original, train, climb))
    if validation is not None and run.step_unit != "round":
        climb = lasting_climb(validation, rates)
        rises = train is None or _rises_with(train, validation, climb)
        found.append(
            (run.curves["val_loss"].original, validation, climb if rises else climb.none())
        )
    if not found:
        return NotMeasured("a booster's validation loss alone: its rise would be overfitting")
    name, points, climb = max(found, key=lambda one: one[2].rise)
    low = climb.low
    where = f"{run.step_unit} {points.steps[low]:g}"
    evidence = (
        Evidence("lowest_level", climb.bottom, None, f"{where}, line {points.lines[low]}"),
        Evidence("final_level", climb.end, None, f"{run.step_unit} {points.steps[-1]:g}"),
        Evidence("first_value", points.values[0], None, f"{run.step_unit} {points.steps[0]:g}"),
        Evidence("recovered_climb", round(climb.recovered, 4), "share", "greatest before"),
    )
    title = f"{name} climbs from {climb.bottom:.4g} ({where}) to {climb.end:.4g} and stays"
    if climb.growing:
        title = (f"{name} grows from {climb.bottom:.4g} ({where}) to {climb.end:.4g}, then is not "
                 "finite")  # fmt: skip
    elif climb.rise <= _WITHIN:
        title = f"{name} ends at {climb.end:.4g}, near its lowest level ({climb.bottom:.4g})"
    line = points.lines[low] if climb.rise > _WITHIN else None
    return Measurement(title, {"lasting_rise": climb.rise}, evidence, line=line)


def _points(run: TrainingRun, name: str) -> Points | None:
    curve = run.curve(name)
    points = finite(curve) if curve is not None else None
    return points if points is not None and len(points) >= _FEWEST else None


def _holds(validation: Points | None, rise: float) -> bool:
    """Whether the validation loss ends near its best while the training loss has climbed."""
    if validation is None:
        return False
    values = validation.values
    end = sorted(values[-3:])[1]
    best = min(values)
    improvement = max(values[0] - best, 0.0)
    return end - best <= max(0.25 * rise * abs(best), 0.1 * improvement)


def _rises_with(train: Points, validation: Points, climb: Climb) -> bool:
    """Whether the training loss rises too, from the validation's minimum to the end."""
    if climb.rise <= 0:
        return False
    low, last = validation.steps[climb.low], validation.steps[-1]
    width = (last - validation.steps[0]) / 8
    before = [v for s, v in zip(train.steps, train.values, strict=True) if abs(s - low) <= width]
    after = [v for s, v in zip(train.steps, train.values, strict=True) if s >= last - width]
    if not before or not after:
        return False
    first, end = sorted(before)[len(before) // 2], sorted(after)[len(after) // 2]
    return end - first > 0.25 * climb.rise * abs(first)
