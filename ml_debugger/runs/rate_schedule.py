"""What a schedule by its name does to the rate: how far it must have moved it by now."""

from __future__ import annotations

import math
import re

from ml_debugger.artifacts import TrainingRun
from ml_debugger.runs.configured_rate import AskedRate, as_rate

_KINDS = (
    ("constant", r"constant|^none$|^null$|^fixed$|^no$|^false$|^off$"),
    ("plateau", r"plateau"),
    ("restarts", r"restart|sgdr"),
    ("cosine", r"cosine|cos\b"),
    ("one cycle", r"one_?cycle|1_?cycle|cyclic|cycle|triang"),
    ("linear", r"linear|polynomial|poly"),
    ("steps", r"step|milestone|piecewise"),
    ("exponential", r"expon"),
    ("inverse root", r"inverse|noam|rsqrt"),
)


def kind(schedule: str) -> str:
    """The kind of a schedule by its name in a configuration; "other" for unknown names."""
    plain = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", schedule).lower()
    return next((name for name, words in _KINDS if re.search(words, plain)), "other")


def progress(run: TrainingRun, asked: AskedRate, last: float) -> float | None:
    """Share of the planned training that was done at step `last`; None where no plan is known."""
    planned = run.planned_steps or asked.length(run.step_unit)
    if planned is None:
        return 1.0 if run.finished else _by_epochs(run, asked)
    return min(1.0, last / planned) if planned > 0 else None


def _by_epochs(run: TrainingRun, asked: AskedRate) -> float | None:
    """Progress by the epochs that a log of steps counts as well."""
    last, planned = as_rate(run.details.get("last_epoch")), asked.length("epoch")
    return min(1.0, last / planned) if last is not None and planned else None


def expected_fall(
    run: TrainingRun, asked: AskedRate, last: float, done: float | None
) -> float | None:
    """By what share of its peak the rate must have moved at step `last`.

    `done` is the progress until then. None where the schedule may rightly not have moved yet,
    or where nothing tells. Formulas: torch.optim.lr_scheduler.
    """
    what = kind(asked.schedule or "none")
    if what in ("constant", "plateau"):
        return None
    warm_up = asked.warm_up(run.step_unit)
    if warm_up is None or last <= warm_up:
        return None
    if what == "one cycle":
        # up from a 25th of its peak, or to and fro
        return 0.95 if done is None or done > 0.15 else None
    if what == "steps":
        first = asked.number("step_size", "milestone", "lr_step_size", "decay_steps")
        gamma = asked.number("gamma", "lr_gamma", "lr_decay", "factor") or 0.1
        return 1 - min(gamma, 0.999) if first is not None and last > 2 * first else None
    if what == "exponential":
        decay = asked.number("gamma", "lr_gamma", "decay_rate", "lr_decay")
        if decay is None or run.step_unit != "epoch" or decay >= 1:
            return None
        return float(1 - decay ** max(0.0, last - 1))
    if what == "inverse root":
        return 1 - math.sqrt(warm_up / last) if warm_up > 0 else None
    if done is None:
        return None
    part = max(0.0, done - warm_up / (last / done)) if done > 0 else 0.0
    floor = 0.0
    if asked.lowest and asked.rates:
        floor = min(1.0, max(asked.lowest.values()) / max(asked.rates.values()))
    # with restarts at least as much as without
    moved = part if what == "linear" else 0.5 * (1 - math.cos(math.pi * part))
    if what == "other":
        moved = 0.5 if done > 0.9 else 0.0
    return moved * (1 - floor) or None
