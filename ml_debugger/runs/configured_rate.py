"""The learning rate and its schedule in a configuration, among their many spellings."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from ml_debugger.artifacts import TrainingConfig, TrainingRun

Value = bool | int | float | str | None

_PLAIN_RATES = frozenset(
    {"lr", "learning_rate", "learningrate", "lr0", "base_lr", "init_lr", "initial_lr", "lr_init",
     "base_learning_rate", "initial_learning_rate", "init_learning_rate", "start_lr"}
)  # fmt: skip
_PEAK_RATES = frozenset(
    {"max_lr", "peak_lr", "lr_max", "lr_peak", "max_learning_rate", "peak_learning_rate",
     "learning_rate_max", "eta_max"}
)  # fmt: skip
_LOWEST_RATES = frozenset(
    {"min_lr", "eta_min", "lr_min", "final_lr", "end_lr", "lr_end", "min_learning_rate",
     "final_learning_rate", "end_learning_rate", "lr_final"}
)  # fmt: skip
# parts of a name that make it something other than the rate of a parameter group
_NOT_A_RATE = frozenset(
    {*("min", "final", "end", "warmup", "warm", "up", "decay", "factor", "gamma", "scheduler"),
     *("schedule", "step", "steps", "patience", "mult", "multiplier", "ratio", "find", "finder"),
     *("type", "policy", "power", "threshold", "cooldown", "drop", "epochs", "monitor", "layer"),
     *("kwargs", "name", "scale", "scaling", "range", "cycle", "update", "interval", "div")}
)  # fmt: skip
_SCHEDULE_NAMES = frozenset(
    {"lr_scheduler", "lr_scheduler_type", "scheduler", "lr_schedule", "schedule", "lr_policy",
     "sched", "scheduler_type", "scheduler_name", "lr_decay_style", "learning_rate_schedule",
     "learning_rate_scheduler", "lr_decay_type", "use_scheduler", "use_lr_scheduler"}
)  # fmt: skip
_LENGTHS = {
    "step": ("max_steps", "total_steps", "num_training_steps", "train_steps", "max_iters",
             "total_iters", "num_steps", "train_iters", "max_train_steps"),
    "epoch": ("epochs", "num_epochs", "max_epochs", "num_train_epochs", "n_epochs",
              "total_epochs"),
}  # fmt: skip
_OWN_RATE = re.compile(r"adafactor|prodigy|dadapt|d_adapt|schedule_?free|lbfgs|mup\b|noam", re.I)


@dataclass(frozen=True)
class AskedRate:
    """What a configuration says of the learning rate.

    `optimizer` and `peak` map keys to rates: those given to the optimizer, and those that a
    schedule is to reach. `lowest` are the rates that it is to end at. `schedule` is its name in
    the configuration, None where nothing asks for one. `values` is everything, by lower-case
    last part of the key.
    """

    optimizer: Mapping[str, float] = field(default_factory=dict)
    peak: Mapping[str, float] = field(default_factory=dict)
    lowest: Mapping[str, float] = field(default_factory=dict)
    schedule: str | None = None
    values: Mapping[str, Value] = field(default_factory=dict)

    @property
    def rates(self) -> dict[str, float]:
        """All rates that the training may rightly use at its height."""
        return {**self.optimizer, **self.peak}

    @property
    def own_rate(self) -> bool:
        """Whether the optimizer finds its rate itself, or scales it by another rule."""
        return any(
            isinstance(value, str) and _OWN_RATE.search(value) for value in self.values.values()
        ) or any(self.truth(name) for name in ("auto_lr_find", "lr_find", "use_lr_finder"))

    def number(self, *names: str) -> float | None:
        """The first of the named values that is a number above zero."""
        for name in names:
            found = as_rate(self.values.get(name))
            if found is not None and found > 0:
                return found
        return None

    def truth(self, name: str) -> bool:
        """Whether the named value is set and not false."""
        return self.values.get(name) not in (None, False, 0, "", "false", "False", "none", "None")

    def length(self, unit: str) -> float | None:
        """How long the training was to be, in steps or epochs."""
        return self.number(*_LENGTHS.get(unit, ()))

    def warm_up(self, unit: str) -> float | None:
        """Length of the warm-up in `unit`; 0 where none is asked for, None where unknown."""
        share = self.number("warmup_ratio", "warmup_fraction", "pct_start", "warmup_proportion")
        length = self.length(unit)
        if share is not None and share < 1:
            return None if length is None else share * length
        names = {"step": ("warmup_steps", "num_warmup_steps", "warmup_iters", "warmup_updates",
                          "lr_warmup_steps", "warmup_num_steps"),
                 "epoch": ("warmup_epochs", "num_warmup_epochs", "lr_warmup_epochs")}  # fmt: skip
        found = self.number(*names.get(unit, ()))
        if found is not None:
            return found
        other = any(self.number(*group) is not None for group in names.values())
        return None if other or self.truth("warmup") else 0.0


def asked_rate(run: TrainingRun, config: TrainingConfig | None) -> AskedRate:
    """What the configuration, or the log itself, says of the rate."""
    given: dict[str, Value] = dict(run.details)
    if config is not None:
        given.update(config.values)
    optimizer, peak, lowest = {}, {}, {}
    values: dict[str, Value] = {}
    schedule: str | None = None
    scheduled = False
    for key, value in given.items():
        parents, name = _split(key)
        values.setdefault(name, value)
        in_schedule = any("sched" in part for part in parents)
        rate = as_rate(value)
        if rate is not None and rate > 0:
            if name in _PEAK_RATES or (in_schedule and name in _PLAIN_RATES):
                peak[key] = rate
            elif name in _LOWEST_RATES:
                lowest[key] = rate
            elif name in _PLAIN_RATES or _group_rate(name):
                optimizer[key] = rate
        scheduled |= in_schedule
        named = name in _SCHEDULE_NAMES or (
            in_schedule and name in ("name", "type", "_target_", "class_path", "class_name")
        )
        if named and isinstance(value, str) and value.strip() and schedule is None:
            schedule = value.strip().rsplit(".", 1)[-1]
        elif named and value is True and schedule is None:
            schedule = "schedule"
    if schedule is None and (scheduled or (peak and lowest) or "t_max" in values):
        schedule = "cosine" if "t_max" in values or "eta_min" in values else "schedule"
    return AskedRate(optimizer, peak, lowest, schedule, values)


def as_rate(value: Value) -> float | None:
    """A finite number, also one written as text ("1e-3" is text to YAML 1.1)."""
    if isinstance(value, bool) or value is None:
        return None
    try:
        number = float(value)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _split(key: str) -> tuple[list[str], str]:
    parts = [re.sub(r"[^a-z0-9]+", "_", p.lower()).strip("_") for p in re.split(r"[./]", key)]
    return parts[:-1], parts[-1]


def _group_rate(name: str) -> bool:
    """The rate of one parameter group: actor_lr, lr_backbone, head_learning_rate."""
    parts = name.replace("learning_rate", "lr").split("_")
    return len(parts) > 1 and "lr" in (parts[0], parts[-1]) and _NOT_A_RATE.isdisjoint(parts)
