"""The training run while it grows: one event feeds the artifact and the log alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ml_debugger.artifacts import TrainingRun
from ml_debugger.monitor.live_log import LiveLog, event_line, row_line
from ml_debugger.monitor.policy import LOGGER
from ml_debugger.readers.head import Head
from ml_debugger.readers.training.engine_log import SCHEMA, EngineLog
from ml_debugger.readers.training.json_lines import ENGINE

RESERVED = frozenset({"event", "fold", "step", "round", "epoch"})
"""Names that a curve cannot have, because the log gives them a meaning of its own."""

Row = tuple[float, Mapping[str, float]]


class LiveRun:
    """One run, built by the reader of the log from the very events that the log is given.

    So the artifact of a training and that of its log, read back, are equal; only `finished`,
    `running` and `written` differ while the training runs. Memory is bounded by the thinning of
    the reader.
    """

    def __init__(
        self,
        name: str,
        log: Path | None,
        *,
        step_unit: str,
        planned_steps: int | None,
        model: str | None,
        horizon: int | None,
    ) -> None:
        self._log = _opened(log) if log is not None else None
        shown = str(log) if log is not None else name
        # the reader's collector asks its head for nothing but the name
        head = Head(Path(shown), shown, 0, 0.0, b"", "", "utf-8", False)
        self._events = EngineLog(head, ENGINE)
        self._log_lost = False
        self._lines = self._log.lines if self._log is not None else 0
        self._finished: bool | None = None
        facts = {"planned_steps": planned_steps, "model": model, "horizon": horizon}
        start = {
            "event": "run_started",
            "schema": SCHEMA,
            "run": name,
            "step_unit": step_unit,
            "started": datetime.now(UTC).isoformat(timespec="seconds"),
            **{key: value for key, value in facts.items() if value is not None},
        }
        self._take(start)

    def add(self, rows: Sequence[Row]) -> None:
        """Take rows of a step and its values, which are all floats, in order."""
        self._write([row_line(step, values) for step, values in rows])
        for step, values in rows:
            self._lines += 1
            self._events.row(self._lines, step, values)

    def note(self, name: str, text: str) -> None:
        """Keep a fact in words; it becomes one of the run's `details`."""
        self._take({"event": "note", "name": name, "text": text})

    def finish(self) -> None:
        """The training came to its end."""
        self._finished = True
        now = datetime.now(UTC).isoformat(timespec="seconds")
        self._take({"event": "run_finished", "finished": now})

    def close(self) -> None:
        """No more will come; a run that was not finished by now was broken off."""
        self._finished = bool(self._finished)
        if self._log is not None:
            self._log.close()

    def artifact(self) -> TrainingRun:
        """The run as it is now; `finished` is None while the training goes on."""
        found = self._events.reading(None, None).artifacts[0]
        assert isinstance(found, TrainingRun)
        curves = {
            name: replace(
                curve, steps=copy(curve.steps), values=copy(curve.values), lines=copy(curve.lines)
            )
            for name, curve in found.curves.items()
        }
        return replace(
            found,
            path=found.path if self._log is not None else None,
            curves=curves,
            finished=self._finished,
            running=self._finished is None,
        )

    def _take(self, event: dict[str, Any]) -> None:
        self._write([event_line(event)])
        self._lines += 1
        self._events.take(self._lines, event)

    def _write(self, lines: list[str]) -> None:
        if self._log is None or self._log_lost:
            return
        try:
            self._log.append(lines)
        except OSError as error:
            # a full disk ends the log, not the watching
            self._log_lost = True
            LOGGER.error("the log %s ends here: %s", self._log.path, error)


def _opened(path: Path) -> LiveLog | None:
    try:
        return LiveLog(path)
    except OSError as error:
        LOGGER.error("there will be no log: %s", error)
        return None
