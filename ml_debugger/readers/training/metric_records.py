"""Records of metrics, one after the other: what a line of JSON or an object of a list says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from itertools import pairwise
from typing import Any

from ml_debugger.readers.head import Head
from ml_debugger.readers.training.curves import Runs
from ml_debugger.readers.training.flat_records import flat
from ml_debugger.readers.training.moments import CLOCKS, moment
from ml_debugger.readers.training.names import TEST, VALIDATION
from ml_debugger.readers.training.nothing import NOTHING
from ml_debugger.readers.training.numbers import as_number

COUNTERS = (
    *("global_step", "trainer/global_step", "step", "num_updates", "iteration", "iter", "round"),
    *("epoch", "epoch_num", "epochs_done", "_step", "timestep", "update", "training_iteration"),
    *("boosting_round", "it", "i", "ep", "batch"),
)
_UNITS = {"epoch": "epoch", "epoch_num": "epoch", "epochs_done": "epoch", "ep": "epoch",
          "round": "round", "boosting_round": "round"}  # fmt: skip
_WITHIN_EPOCH = frozenset({"iter", "iteration", "step", "batch", "batch_idx"})
_PLANNED = {"epoch": ("total_epochs", "num_epochs", "max_epochs", "n_epochs", "epochs"),
            "step": ("total_steps", "max_steps", "num_steps", "total_iterations"),
            "round": ("num_rounds", "num_boost_round", "total_rounds")}  # fmt: skip
_DURATIONS = {"time_this_iter_s": "iteration_time"}
_NO_METRIC = frozenset(
    {"pid", "_runtime", "rank", "local_rank", "global_rank", "process_index", "world_size", "seed",
     "node_ip", "iterations_since_restore", "timesteps_since_restore", "time_since_restore",
     "time_total_s", "timesteps_total", "level", "lineno", "line", "version", "process", "thread",
     "num_healthy_workers"}
)  # fmt: skip
_RANKS = ("rank", "global_rank", "local_rank", "process_index")
_MOST_RANKS = 64
ROLES = ("mode", "phase", "split", "stage", "subset", "dataset", "set", "type", "kind", "event")
"""Names of fields that may say on which set a record was measured."""


class RankedRecords:
    """Records of several processes in one log: each rank is a run of its own."""

    def __init__(self, head: Head, form: str, counter: str | None) -> None:
        self._of_rank = partial(MetricRecords, head, form, counter)
        self._ranks: dict[int | None, MetricRecords] = {None: self._of_rank()}

    def take(self, line: int, record: Mapping[str, Any]) -> None:
        """One record."""
        rank = next((record[key] for key in _RANKS if isinstance(record.get(key), int)), None)
        if rank not in self._ranks:
            if len(self._ranks) > _MOST_RANKS:
                return
            self._ranks[rank] = self._of_rank()
        self._ranks[rank].take(line, record)

    def close(self) -> Runs:
        """All runs, those of the lowest rank first."""
        several = sum(rank is not None for rank in self._ranks) > 1
        found: list[Runs] = []
        for rank, records in sorted(self._ranks.items(), key=lambda kept: kept[0] or 0):
            runs = records.close()
            for run in runs.all if several and rank is not None else ():
                run.segment = f"rank {rank}"
            found.append(runs)
        found[0].all = [run for runs in found for run in runs.all]
        return found[0]


class MetricRecords:
    """Turns records into points; `close` is called at the end."""

    def __init__(self, head: Head, form: str, counter: str | None) -> None:
        self.counter = counter
        self.unit = _UNITS.get(counter or "", "step")
        self.runs = Runs(head, form, self.unit)
        self._done: bool | None = None

    def take(self, line: int, record: Mapping[str, Any]) -> None:
        """One record; one without any number is passed over."""
        entries = _long_form(flat(record))
        step = as_number(entries.get(self.counter)) if self.counter is not None else None
        moments = {
            name: when
            for name, value in entries.items()
            if name.rsplit("/", 1)[-1].lower() in CLOCKS and (when := moment(value)) is not None
        }
        if isinstance(done := entries.get("done"), bool):
            self._done = done
        found = {
            _DURATIONS.get(name, name): value
            for name, written in entries.items()
            if name not in COUNTERS
            and name not in moments
            and name not in _NO_METRIC
            and (value := as_number(written)) is not None
        }
        self._plan(found)
        missing = [name for name, value in entries.items() if _is_nothing(value)]
        if not found and not missing:
            return
        if step is not None:
            self.runs.count(step)
        if self.unit == "step" and (epoch := as_number(entries.get("epoch"))) is not None:
            self.runs.now.details["last_epoch"] = f"{epoch:g}"
        prefix = next((told for key in ROLES if (told := role_prefix(entries.get(key)))), "")
        within = self.unit == "epoch" and not _WITHIN_EPOCH.isdisjoint(entries)
        at = step if step is not None else self.runs.now.last
        for name, value in found.items():
            self.runs.now.add(f"{prefix}{name}", at, value, line, contextual=within)
        for name in missing:
            self.runs.now.add_blank(f"{prefix}{name}", at, line)
        for when in list(moments.values())[:1]:
            self.runs.now.add("timestamp", at, when, line, contextual=within)

    def close(self) -> Runs:
        """The runs, with what is only known at the end."""
        if self._done:
            self.runs.now.facts["finished"] = True
        return self.runs

    def _plan(self, found: dict[str, float]) -> None:
        for name in _PLANNED.get(self.unit, ()):
            planned = found.pop(name, None)
            if planned is not None and 0 < planned < 1e12:
                self.runs.now.facts.setdefault("planned_steps", int(planned))


def counter_of(records: Sequence[Mapping[str, Any]]) -> str | None:
    """The first counter that most records have and that does not start again all the time."""
    for name in COUNTERS:
        seen = [v for r in records if (v := as_number(r.get(name))) is not None]
        if len(seen) >= max(2, len(records) * 0.5):
            falls = sum(after < before for before, after in pairwise(seen))
            if falls <= max(1, len(seen) // 20):
                return name
    return None


def counts_up(records: Sequence[Mapping[str, Any]]) -> bool:
    """Whether the records have a counter that rises from most of them to the next."""
    name = counter_of(records)
    if name is None:
        return False
    seen = [v for r in records if (v := as_number(r.get(name))) is not None]
    rises = sum(after > before for before, after in pairwise(seen))
    return rises >= (len(seen) - 1) * 0.6


def _is_nothing(value: object) -> bool:
    return value is None or (isinstance(value, str) and value.strip().lower() in NOTHING)


def role_prefix(value: object) -> str:
    """What a set's name puts before the names of what was measured on it; "" for training."""
    if not isinstance(value, str) or not 0 < len(value) <= 20:
        return ""
    plain = value.strip().lower()
    return f"{plain}_" if plain in VALIDATION | TEST else ""


def _long_form(entries: dict[str, Any]) -> dict[str, Any]:
    """A record of one value under the name of its metric becomes one of that metric."""
    if as_number(entries.get("value")) is None and not _is_nothing(entries.get("value", 0)):
        return entries
    for key in ("name", "metric", "tag", "key"):
        name = entries.get(key)
        if isinstance(name, str) and name:
            rest = {k: v for k, v in entries.items() if k not in (key, "value")}
            return {**rest, name[:200]: entries.get("value")}
    return entries
