"""The feed: runs the checks again and again in a thread and keeps what there is to show.

The thread writes, the screen looks at a consistent `View` when it repaints: a thousand events
in a second cost one repaint.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from ml_debugger.contract import Result
from ml_debugger.runtime.events import CheckFinished, Event, Progress, RunFinished, RunStarted
from ml_debugger.runtime.report import Report

Source = Callable[[threading.Event], Iterator[Event]]
"""Starts one run; the event that it is given tells it to stop."""


@dataclass(frozen=True, slots=True)
class View:
    """What the screen shows now.

    `report` is the last finished one, or what the first run has found so far. `version` changes
    whenever the report does. `age` is in seconds, None before the first run has finished.
    `problem` says why the last refresh failed, None when it did not.
    """

    report: Report | None = None
    version: int = 0
    age: float | None = None
    running: bool = False
    stage: str = ""
    done: int = 0
    total: int = 0
    problem: str | None = None


class Feed:
    """Runs a source now, after every `refresh` seconds, and when it is asked to.

    The pause is never shorter than the run before it, so that watching takes at most half of
    a machine's time.
    """

    def __init__(
        self, source: Source, refresh: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._source = source
        self._refresh = refresh
        self._clock = clock
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._wake = threading.Event()
        self._view = View()
        self._finished: float | None = None
        self._found: list[Result] = []
        self._started: RunStarted | None = None

    def run(self) -> None:
        """Work until `stop` is called; an error of the source is kept for the screen."""
        while not self._stop.is_set():
            begun = time.monotonic()
            self._set(running=True, stage="starting", done=0, total=0)
            try:
                for event in self._source(self._stop):
                    if self._stop.is_set():
                        break
                    self._take(event)
                self._set(running=False, problem=None)
            except Exception as error:  # noqa: BLE001  shown on the screen, tried again later
                self._set(running=False, problem=f"{type(error).__name__}: {error}")
            took = time.monotonic() - begun
            self._wake.wait(max(self._refresh, took))
            self._wake.clear()

    def refresh(self) -> None:
        """Run now, unless it is running already."""
        if not self.view().running:
            self._wake.set()

    def stop(self) -> None:
        """End the run and the thread."""
        self._stop.set()
        self._wake.set()

    def view(self) -> View:
        """What there is to show now."""
        with self._lock:
            age = None if self._finished is None else self._clock() - self._finished
            if self._finished is None and self._started is not None:
                return replace(self._view, report=self._so_far(self._started))
            return replace(self._view, age=age)

    def _take(self, event: Event) -> None:
        view = self._view
        match event:
            case RunStarted():
                with self._lock:
                    self._started, self._found = event, []
            case Progress(stage=stage, done=done, total=total):
                if stage == "judging":
                    self._set(stage=stage, total=total, done=0)
                elif stage != "scanning":
                    self._set(stage=stage, total=total, done=done)
            case CheckFinished(result=result):
                with self._lock:
                    self._found.append(result)
                first = self._finished is None
                self._set(
                    done=min(view.done + 1, view.total),
                    version=view.version + 1 if first else view.version,
                )
            case RunFinished(report=report):
                with self._lock:
                    self._finished = self._clock()
                self._set(report=report, version=view.version + 1)

    def _set(self, **changes: object) -> None:
        with self._lock:
            self._view = replace(self._view, **changes)  # type: ignore[arg-type]

    def _so_far(self, started: RunStarted) -> Report:
        return Report(
            run=started.run,
            command=started.command,
            profile=started.profile,
            started=started.started,
            seconds=0.0,
            workspace=started.workspace,
            results=tuple(self._found),
        )
