"""Follows the log of a running command: reads and judges it again and again, at a bounded cost."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ml_debugger.artifacts import Artifact, FileRead, LogText, Passage, TrainingRun, Unrecognised
from ml_debugger.contract import Result, Status
from ml_debugger.monitor.judging import Judging
from ml_debugger.monitor.standing import Standing
from ml_debugger.readers.opening import open_file

EVERY = 2.0
"""Seconds between two looks at least."""
SHARE = 0.02
"""Of one processor, for reading and judging: a longer log is looked at less often."""

Sample = Callable[[], Sequence[Artifact]]


@dataclass(frozen=True)
class Look:
    """One look at the log: what was read and judged, which findings stand and which are new."""

    artifacts: Sequence[Artifact]
    results: Sequence[Result]
    standing: Sequence[Result] = ()
    new: Sequence[Result] = ()

    @property
    def runs(self) -> list[TrainingRun]:
        """The training runs in the log, in its order."""
        return [a for a in self.artifacts if isinstance(a, TrainingRun)]

    def lost(self, level: Status) -> Result | None:
        """A finding of at least this level that stands and is about the training itself.

        Trouble of the box is told, but a training that gets on with it is not lost.
        """
        own = {a.subject for a in self.artifacts if isinstance(a, TrainingRun | LogText)}
        return next(
            (f for f in self.standing if f.subject in own and f.status.gravity >= level.gravity),
            None,
        )


class Following:
    """A thread that looks at a log; `looks` holds what it saw, or the exception that ended it."""

    def __init__(
        self, log: Path, shown: str, judging: Judging, sample: Sample = tuple, every: float = EVERY
    ) -> None:
        self.looks: queue.SimpleQueue[Look | Exception] = queue.SimpleQueue()
        self._log, self._shown, self._judging = log, shown, judging
        self._sample, self._every = sample, every
        self._standing = Standing()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="following", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def finish(self, end: str | None = None) -> Look:
        """Look for the last time, at the log of a command that has ended.

        `end` is what a shell would say of a command that a signal ended.
        """
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join()
        return self._look(running=False, end=end)

    def _follow(self) -> None:
        pause = self._every
        first = True
        while not self._ended.wait(pause):
            # the time of this thread alone: the machine may be busy training
            begun = time.thread_time()
            try:
                look = self._look(running=True)
            except Exception as error:  # noqa: BLE001  told by the front end; the training goes on
                self.looks.put(error)
                return
            self.looks.put(look)
            # the first look imports the readers, which is paid once
            spent = 0.0 if first else time.thread_time() - begun
            first = False
            pause = max(self._every, spent / SHARE)

    def _look(self, *, running: bool, end: str | None = None) -> Look:
        size = self._log.stat().st_size
        artifacts: list[Artifact] = []
        if size:
            read = open_file(self._log, self._shown, named=False)
            artifacts = [
                replace(a, running=running) if isinstance(a, TrainingRun | LogText) else a
                for a in read
                if not isinstance(a, FileRead | Unrecognised)
            ]
        if end is not None:
            artifacts = _with_end(artifacts, self._shown, end)
        # the newest snapshots belong to the last look too: what was told of the box is kept
        artifacts.extend(self._sample())
        results = self._judging.look(artifacts)
        standing = self._standing.of(results, seen=size, now=time.monotonic(), final=not running)
        return Look(artifacts, results, standing, self._judging.new(standing))


def _with_end(artifacts: Sequence[Artifact], shown: str, end: str) -> list[Artifact]:
    """The artifacts, their log text closed by the line with which a shell reports a signal."""
    texts = [a for a in artifacts if isinstance(a, LogText)]
    log = texts[0] if texts else LogText(shown, shown, "output of a command", 0)
    passage = Passage(log.lines + 1, "end", (end,))
    closed = replace(
        log, lines=log.lines + 1, passages=(*log.passages, passage), tail=(*log.tail[-39:], end)
    )
    return [*(a for a in artifacts if a is not log), closed]
