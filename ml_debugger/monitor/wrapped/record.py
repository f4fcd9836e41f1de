"""The run that a watched command leaves in the history."""

from __future__ import annotations

import shlex
import time
import uuid
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from ml_debugger.monitor.wrapped.following import Look
from ml_debugger.runtime.description import describe_files
from ml_debugger.runtime.events import CheckFinished, Event, RunFinished, RunStarted
from ml_debugger.runtime.picture import Picture
from ml_debugger.runtime.report import Report


class Record:
    """Begins when the command begins; `events` are those of any other run."""

    def __init__(self, command: Sequence[str], folder: Path) -> None:
        self.run = uuid.uuid4().hex[:12]
        self._words = shlex.join(command)
        self._folder = str(folder)
        self._begun = time.monotonic()
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        self._started = now.replace("+00:00", "Z")

    @property
    def seconds(self) -> float:
        """Seconds since the command began."""
        return time.monotonic() - self._begun

    def events(self, look: Look, code: int, log: Path, stopped: str | None) -> Iterator[Event]:
        """The events of the run after its last look; `stopped` says why the command was ended."""
        yield RunStarted(self.run, "monitor", self._words, self._started, self._folder)
        for result in look.results:
            yield CheckFinished(result)
        notes = [f"the command ended with exit code {code}", f"its output: {log}"]
        if stopped is not None:
            notes.insert(0, f"the command was asked to end: {stopped}")
        yield RunFinished(
            Report(
                run=self.run,
                command="monitor",
                profile=self._words,
                started=self._started,
                seconds=self.seconds,
                workspace=self._folder,
                results=look.results,
                notes=notes,
                files=describe_files(look.artifacts),
                picture=Picture.of(look.artifacts, {}),
            )
        )
