"""The engine's own training.jsonl and the live monitor's log: one event a line.

A log that states its schema uses the canonical names. Rounds that name a fold belong to that
fold's run; the others to one run for each start.
"""

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
MAX_NOTES = 40
UNITS = frozenset({"step", "round", "epoch"})
_COUNTERS = ("step", "round", "epoch")


class EngineLog:
    """Turns events into one run per fold, or into one per start where there are no folds."""

    def __init__(self, head: Head, form: str) -> None:
        self.runs = Runs(head, form, "round")
        self._folds: dict[tuple[int, str], Run] = {}
        self._finished: set[tuple[int, str]] = set()
        self._started: dict[str, Any] = {}
        self._complete: set[int] = set()
        self._attempt = 0
        self._stated = False

    def take(self, line: int, event: Mapping[str, Any]) -> None:
        """One event; unknown ones are passed over."""
        match event.get("event"):
            case "run_started":
                # a second start in the same file is another run, with folds of its own
                self._attempt += bool(self._folds)
                self._started = _facts(event)
                self._stated |= event.get("schema") == SCHEMA
            case "round":
                self._round(line, event)
            case "fold_finished":
                self._fold_finished(line, event)
            case "note":
                self._note(event)
            case "run_finished":
                self._complete.add(self._attempt)

    def row(self, line: int, step: float, values: Mapping[str, float]) -> None:
        """One `round` without a fold whose values are known to be numbers."""
        run = self._fold({})[1]
        run.last = step
        for name, value in values.items():
            run.add(name, step, value, line)

    def reading(self, problem: str | None, line: int | None) -> Reading:
        """The runs; `finished` is true for folds that ended, and for all of a finished run."""
        for key, run in self._folds.items():
            run.facts["finished"] = key[0] in self._complete or key in self._finished
        # a log that states the schema uses the canonical names
        rename = _as_they_are if self._stated else None
        return self.runs.reading(problem, line, allow_empty=True, rename=rename)

    def _fold(self, event: Mapping[str, Any]) -> tuple[tuple[int, str], Run]:
        name = f"fold {str(event['fold'])[:20]}" if "fold" in event else ""
        key = (self._attempt, name)
        run = self._folds.get(key)
        if run is None:
            if len(self._folds) >= MAX_RUNS:
                return key, Run()
            segment = f"run {self._attempt + 1} {name}".strip() if self._attempt else name
            run = self.runs.start(segment or None)
            run.facts.update(self._started)
            self._folds[key] = run
        return key, run

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
        fold, run = self._fold(event)
        self._finished.add(fold)
        for key in ("prediction_std", "share_positive"):
            if key not in run.points and (value := as_number(event.get(key))) is not None:
                run.add(key, run.last, value, line)
        for key in ("best_step", "label_std"):
            if (value := as_number(event.get(key))) is not None:
                run.details[key] = f"{value:g}"

    def _note(self, event: Mapping[str, Any]) -> None:
        name, text = event.get("name"), event.get("text")
        run = self._fold(event)[1]
        if isinstance(name, str) and isinstance(text, str) and len(run.details) < MAX_NOTES:
            run.details[name[:80]] = text[:300]


def _as_they_are(run: Run) -> dict[str, str]:
    return {name: name for name in run.points}


def _facts(event: Mapping[str, Any]) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    planned = as_number(event.get("planned_rounds", event.get("planned_steps")))
    if planned is not None and 0 < planned < 1e15:
        facts["planned_steps"] = int(planned)
    horizon = as_number(event.get("horizon"))
    if horizon is not None and abs(horizon) < 1e9:
        facts["horizon"] = int(horizon)
    if isinstance(unit := event.get("step_unit"), str) and unit in UNITS:
        facts["step_unit"] = unit
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
