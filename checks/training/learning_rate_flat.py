"""TRN013: a schedule was asked for, but the learning rate never moves."""

from __future__ import annotations

import math

from ml_debugger.artifacts import TrainingConfig, TrainingRun
from ml_debugger.contract import Evidence, Limit, Measurement, NotMeasured, Outcome, check
from ml_debugger.curves.points import Points, finite
from ml_debugger.curves.printing import last_place
from ml_debugger.runs.configured_rate import AskedRate, asked_rate
from ml_debugger.runs.rate_schedule import expected_fall, kind, progress

_FEWEST = 4


@check(
    code="TRN013",
    name="learning-rate-flat",
    component="training",
    playbook="training-run",
    limits=[
        Limit(
            name="movement",
            unit="share of what the schedule asks",
            direction="below",
            fail=0.02,
            meaning="how far the logged rate moved, against what the schedule must have done "
            "until then",
            source="a schedule that acts moves the rate by all of it; 2 % leaves room for rates "
            "that are printed coarsely",
        ),
        Limit(
            name="range_asked",
            unit="share of the peak",
            direction="below",
            fail=1e-6,
            meaning="distance of the lowest from the highest rate that the configuration asks for",
            source="the project's record of 2025-12: min_lr was equal to max_lr, so that the "
            "cosine had nothing to decay",
        ),
    ],
    profiles=("pre-train", "full"),
)  # fmt: skip
def learning_rate_flat(run: TrainingRun, config: TrainingConfig | None) -> Outcome:
    """A schedule was asked for, but the learning rate never moves.

    What it measures:
        The distance between the lowest and the highest logged rate of all parameter groups,
        as a share of what the schedule of the configuration must have moved it by then: all of
        it at the end of a cosine, nothing before the first milestone or inside the warm-up.
        And, in the configuration, whether the lowest rate equals the highest.
        Without a schedule a constant rate is as it should be. A schedule that waits for a
        plateau may rightly never act. A rate of 0.001 that was printed with three decimals may
        have moved unseen: then nothing is said.

    Why it matters:
        A rate that stays at its peak keeps the weights in motion to the last step: the final
        model is a random point about the optimum. One that stays at the start of its warm-up
        learns next to nothing.

    What to do:
        Call scheduler.step() once for every optimizer step (or once an epoch, whichever the
        schedule counts), after optimizer.step(). Give the schedule its true number of steps.
        Set the lowest rate to a tenth or a hundredth of the peak.

    Sources:
        PyTorch, documentation of torch.optim.lr_scheduler. Loshchilov and Hutter, SGDR, 2017.
        The project's record of 2025-12 (min_lr equal to max_lr: no decay).
    """
    asked = asked_rate(run, config)
    if asked.schedule is not None and kind(asked.schedule) != "constant":
        pinned = _pinned(asked)
        if pinned is not None:
            return pinned
    curves = [
        curve
        for name, curve in run.curves.items()
        if name == "learning_rate" or name.startswith("learning_rate/")
    ]
    logged = {
        curve.original: points
        for curve in curves
        if len(points := finite(curve)) and max(points.values) > 0
    }
    if not logged:
        return NotMeasured("no learning rate above zero in this log")
    warm_up = asked.warm_up(run.step_unit) or 0.0
    after = {name: _after(points, warm_up) for name, points in logged.items()}
    name, points = max(after.items(), key=lambda item: _moved(item[1]))
    moved = _moved(points)
    first, last = points.values[0], points.values[-1]
    evidence = [
        Evidence("first_rate", first, None, f"{run.step_unit} {points.steps[0]:g}"),
        Evidence("last_rate", last, None, f"{run.step_unit} {points.steps[-1]:g}"),
    ]
    if asked.schedule is None or kind(asked.schedule) == "constant":
        title = "The rate moves" if moved > 0 else f"The rate is {first:g} throughout"
        word = "no schedule is known to be asked for"
        return Measurement(f"{title}; {word}", {"movement": 1.0}, tuple(evidence))
    if moved > 0.02:
        title = f"{name} moves between {min(points.values):.3g} and {max(points.values):.3g}"
        return Measurement(title, {"movement": 1.0}, tuple(evidence))
    if len(points) < _FEWEST:
        return NotMeasured(f"the rate was logged fewer than {_FEWEST} times")
    done = progress(run, asked, points.steps[-1])
    fall = expected_fall(run, asked, points.steps[-1], done)
    if fall is None:
        return NotMeasured(f"the schedule ({asked.schedule}) need not have moved the rate by then")
    if not _visible(points, asked, fall):
        return NotMeasured(f"the rate is printed too coarsely ({first:g}) to see it move")
    evidence.append(Evidence("schedule", asked.schedule, None, config.path if config else None))
    evidence.append(Evidence("expected_movement", round(fall, 3), "share of the peak"))
    return Measurement(
        f"{name} stays at {first:g} although a schedule ({asked.schedule}) is set",
        {"movement": moved / fall},
        tuple(evidence),
        points.lines[0],
    )


def _pinned(asked: AskedRate) -> Measurement | None:
    """The configuration's lowest rate is its highest: there is nothing to move between."""
    highest = max(asked.peak.values() or asked.optimizer.values(), default=math.nan)
    for key, lowest in asked.lowest.items():
        if lowest == highest:
            title = f"The schedule's lowest rate ({key}) equals its highest, {lowest:g}"
            return Measurement(
                title,
                {"range_asked": 0.0},
                (Evidence(key, lowest, None, "configuration"),
                 Evidence("highest_rate", highest, None, "configuration")),
            )  # fmt: skip
    return None


def _after(points: Points, warm_up: float) -> Points:
    """What was logged after the warm-up; everything where that is too little."""
    after = points.after_step(warm_up) if warm_up > 0 else points
    return after if len(after) >= _FEWEST else points


def _visible(points: Points, asked: AskedRate, fall: float) -> bool:
    """Whether the fall would show in the places that are printed.

    What is printed as 0.001 lies between 0.0005 and 0.0015, unless the configuration says more.
    """
    shown, half = max(points.values), 0.5 * last_place(points.values)
    known = [rate for rate in asked.rates.values() if abs(rate - shown) <= half]
    peak = max(known, default=shown + half)
    return peak * (1 - fall) < shown - half


def _moved(points: Points) -> float:
    highest = max(points.values)
    return (highest - min(points.values)) / highest if highest > 0 else 0.0
