"""TRN014: the logged learning rate is not the configured one."""

from __future__ import annotations

import math

from ml_debugger.artifacts import TrainingConfig, TrainingRun
from ml_debugger.contract import Evidence, Limit, Measurement, NotMeasured, Outcome, check
from ml_debugger.curves.points import Points, finite
from ml_debugger.curves.printing import last_place
from ml_debugger.runs.configured_rate import AskedRate, asked_rate
from ml_debugger.runs.rate_schedule import kind

_FEWEST = 4
_RISES_BY_ITSELF = ("one cycle",)
_DEVICES = (
    *("world_size", "devices", "num_gpus", "n_gpus", "gpus", "num_devices", "num_processes"),
    *("gradient_accumulation_steps", "accumulate_grad_batches", "grad_accum", "num_nodes"),
)


@check(
    code="TRN014",
    name="learning-rate-overridden",
    component="training",
    playbook="training-run",
    limits=[
        Limit(
            name="rate_factor",
            unit="times",
            direction="above",
            warn=1.5,
            fail=5,
            meaning="factor between the highest logged rate and the nearest configured one, in "
            "either direction, where the schedule does not explain it",
            source="warn: a decay between the peak and the first row of a log stays below it; "
            "fail: the project's record of 2025-12, 1e-3 asked and 2e-5 used, a factor of 50",
        )
    ],
    profiles=("pre-train", "full"),
)  # fmt: skip
def learning_rate_overridden(run: TrainingRun, config: TrainingConfig) -> Outcome:
    """The logged learning rate is not the configured one.

    What it measures:
        The highest logged rate of all parameter groups against the rates that the configuration
        gives to the optimizer and as the peak of the schedule; the nearest one counts. When
        both are given and the schedule keeps the rate below the optimizer's, the optimizer's
        rate was overridden, and that one counts; a one-cycle schedule rightly replaces it.
        Multiples by the number of devices or by a power of two are the linear scaling rule and
        no fault. A log that ends inside the warm-up has not reached its peak: nothing is said.

    Why it matters:
        The training that was tuned is not the one that ran. A rate that is fifty times too low
        looks like a model that cannot learn, and the search for the reason begins in the data.

    What to do:
        Print the rate of every parameter group after the first step. Set the rate in one place:
        give the schedule's peak the optimizer's rate. After a resume, check that the loaded
        optimizer state did not bring back the old rate.

    Sources:
        The project's record of 2025-12 (a warm-up and cosine of 3e-6 to 2e-5 replaced the
        optimizer's 1e-3; 1.93e-5 was logged at epoch 20). Goyal et al., Accurate, Large
        Minibatch SGD, 2017 (linear scaling).
    """
    asked = asked_rate(run, config)
    if not asked.rates:
        return NotMeasured("the configuration names no learning rate")
    if asked.own_rate:
        return NotMeasured("the optimizer or schedule scales its rate by a rule of its own")
    logged = [
        points
        for name, curve in run.curves.items()
        if (name == "learning_rate" or name.startswith("learning_rate/"))
        and len(points := finite(curve)) and max(points.values) > 0
    ]  # fmt: skip
    if not logged:
        return NotMeasured("no learning rate above zero in this log")
    points = max(logged, key=lambda one: max(one.values))
    if len(points) < _FEWEST:
        return NotMeasured(f"the rate was logged fewer than {_FEWEST} times")
    at = max(range(len(points)), key=points.values.__getitem__)
    peak = points.values[at]
    highest = max(asked.rates.values()) * max(1.0, *_scalings(asked))
    if (peak < highest and _still_rises(points)) or _starts_late(points, asked, run):
        return NotMeasured("the log does not show the height of the schedule")
    key, wanted = _nearest(asked, peak)
    factor = max(peak / wanted, wanted / peak)
    if factor > 1 and (
        _explained(asked, peak, wanted) or abs(peak - wanted) <= 0.5 * last_place(points.values)
    ):
        factor = 1.0
    where = f"{run.step_unit} {points.steps[at]:g}, line {points.lines[at]}"
    evidence = [
        Evidence("highest_rate", peak, None, where),
        Evidence("configured_rate", wanted, None, f"{key} in {config.path or config.subject}"),
    ]
    others = [(name, rate) for name, rate in asked.peak.items() if name != key]
    evidence.extend(Evidence(name, rate, None, "configuration") for name, rate in others[:2])
    if asked.schedule is not None:
        evidence.append(Evidence("schedule", asked.schedule, None, "configuration"))
    beyond = factor > 1.5
    title = (
        f"The rate reaches {peak:.3g}, the configuration says {wanted:.3g} ({key})"
        if beyond
        else f"The rate reaches {peak:.3g}, as configured ({key} {wanted:.3g})"
    )
    return Measurement(
        title,
        {"rate_factor": factor},
        tuple(evidence[:5]),
        points.lines[at] if beyond else None,
    )


def _nearest(asked: AskedRate, peak: float) -> tuple[str, float]:
    """The configured rate that the logged peak is to be held against."""
    rates = asked.rates
    if asked.peak and asked.optimizer and kind(asked.schedule or "") not in _RISES_BY_ITSELF:
        lowest = min(asked.optimizer.values())
        # a schedule below the optimizer's rate replaces what the optimizer was given
        if max(asked.peak.values()) < lowest:
            rates = dict(asked.optimizer)
    return min(rates.items(), key=lambda item: abs(math.log(item[1] / peak)))


def _explained(asked: AskedRate, peak: float, wanted: float) -> bool:
    """Scaling by devices or batches, or one step of a decay before the first row."""
    scale = peak / wanted
    if any(0.67 < scale / factor < 1.1 for factor in _scalings(asked) if factor > 1.5):
        return True
    # the linear scaling rule with a number of devices that is not stated
    factors = {2.0**power for power in range(1, 11)} | _scalings(asked)
    gamma = asked.number("gamma", "lr_gamma", "lr_decay", "decay_rate")
    if gamma is not None and gamma < 1:
        factors.add(gamma)
    return any(abs(scale / factor - 1) < 0.1 for factor in factors if factor > 0)


def _scalings(asked: AskedRate) -> set[float]:
    """Factors by which the stated devices and batches may scale the rate, linearly or by root."""
    known = [n for name in _DEVICES if (n := asked.number(name)) is not None]
    batches = [n / 256 for name in ("batch_size", "train_batch_size", "global_batch_size")
               if (n := asked.number(name)) is not None]  # fmt: skip
    factors = {*known, *batches, *(a * b for a in known for b in (*known, *batches))}
    return {1.0, *factors, *(math.sqrt(one) for one in factors)}


def _still_rises(points: Points) -> bool:
    """The rate is highest in the last row: the warm-up goes on."""
    return points.values[0] < points.values[-1] >= max(points.values)


def _starts_late(points: Points, asked: AskedRate, run: TrainingRun) -> bool:
    """The first row lies deep in a decay: what was before it cannot be known."""
    length = run.planned_steps or asked.length(run.step_unit) or points.steps[-1]
    decays = points.values[0] == max(points.values) and points.values[-1] < points.values[0]
    return decays and length > 0 and points.steps[0] > 0.25 * length
