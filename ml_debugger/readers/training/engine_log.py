"""The engine's own training.jsonl: one event a line, one training run per fold."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from ml_debugger.readers.head import Head
from ml_debugger.readers.reader import Reading
from ml_debugger.readers.training.curves import MAX_RUNS, Run, Runs
from ml_debugger.readers.training.numbers import as_number

SCHEMA = "ml-debugger/training-log/1"
EVENTS = frozenset({"run_started", "round", "fold_finished", "run_finished"})
_COUNTERS = ("step", "round", "epoch")


class EngineLog:
    """Turns events into one run per fold."""

    def __init__(self, head: Head, form: str) -> None:
        self.runs = Runs(head, form, "round")
        self._folds: dict[str, Run] = {}
        self._finished: set[str] = set()
        self._started: dict[str, Any] = {}
        self._complete = False
        self._attempt = 0

    def take(self, line: int, event: Mapping[str, Any]) -> None:
        """One event; unknown ones are passed over."""
        match event.get("event"):
            case "run_started":
                # a second start in the same file is another run, with folds of its own
                self._attempt += bool(self._folds)
                self._started = _facts(event)
            case "round":
                self._round(line, event)
            case "fold_finished":
                self._fold_finished(line, event)
            case "run_finished":
                self._complete = True

    def reading(self, problem: str | None, line: int | None) -> Reading:
        """The runs; `finished` is true for folds that ended, and for all of a finished run."""
        for name, run in self._folds.items():
            run.facts["finished"] = self._complete or name in self._finished
        return self.runs.reading(problem, line, allow_empty=True)

    def _fold(self, event: Mapping[str, Any]) -> tuple[str, Run]:
        fold = str(event.get("fold", 0))[:20]
        name = f"fold {fold}" if not self._attempt else f"run {self._attempt + 1} fold {fold}"
        run = self._folds.get(name)
        if run is None:
            if len(self._folds) >= MAX_RUNS:
                return name, Run()
            run = self.runs.start(name)
            run.facts.update(self._started)
            self._folds[name] = run
        return name, run

    def _round(self, line: int, event: Mapping[str, Any]) -> None:
        _, run = self._fold(event)
        unit = next((key for key in _COUNTERS if key in event), None)
        step = as_number(event[unit]) if unit is not None else None
        if unit == "epoch":
            run.facts["step_unit"] = "epoch"
        run.last = step
        for name, value in event.items():
            if name not in ("event", "fold", unit) and (found := as_number(value)) is not None:
                run.add(name, step, found, line)

    def _fold_finished(self, line: int, event: Mapping[str, Any]) -> None:
        name, run = self._fold(event)
        self._finished.add(name)
        for key in ("prediction_std", "share_positive"):
            if key not in run.points and (value := as_number(event.get(key))) is not None:
                run.add(key, run.last, value, line)
        for key in ("best_step", "label_std"):
            if (value := as_number(event.get(key))) is not None:
                run.details[key] = f"{value:g}"


def _facts(event: Mapping[str, Any]) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    planned = as_number(event.get("planned_rounds", event.get("planned_steps")))
    if planned is not None and 0 < planned < 1e15:
        facts["planned_steps"] = int(planned)
    horizon = as_number(event.get("horizon"))
    if horizon is not None and abs(horizon) < 1e9:
        facts["horizon"] = int(horizon)
    if isinstance(model := event.get("model"), str):
        facts["model"] = model
    if isinstance(features := event.get("features"), list):
        facts["features"] = tuple(str(name) for name in features[:100_000])
    if isinstance(started := event.get("started"), str):
        try:
            when = datetime.fromisoformat(started)
        except ValueError:
            return facts
        facts["started"] = when if when.tzinfo else when.replace(tzinfo=UTC)
    return facts
