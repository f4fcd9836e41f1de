"""Watches a wrapped command: tells findings as they happen and ends it when it is lost."""

from __future__ import annotations

import queue
import time
from collections.abc import Callable

from commands.monitoring.status_line import StatusLine
from commands.monitoring.status_text import status_text
from ml_debugger.contract import Result, Status
from ml_debugger.monitor.wrapped.ending import Ending
from ml_debugger.monitor.wrapped.following import Following, Look


class Watching:
    """What is done between two pieces of output.

    `tell` prints a line. `stop_on` is the gravity from which a lasting finding about the training
    ends the command; `stopped` is the finding that did.
    """

    def __init__(
        self,
        following: Following,
        ending: Ending,
        tell: Callable[[str], None],
        line: StatusLine | None,
        stop_on: Status | None,
        paint: Callable[[Result], str],
    ) -> None:
        self._following, self._ending = following, ending
        self._tell, self._line, self._paint = tell, line, paint
        self._stop_on = stop_on
        self._last: Look | None = None
        self._begun = time.monotonic()
        self.stopped: Result | None = None
        self.failed: Exception | None = None

    def tick(self) -> None:
        """Take up what was seen, draw the status line, go on with an ending."""
        while True:
            try:
                seen = self._following.looks.get_nowait()
            except queue.Empty:
                break
            if isinstance(seen, Exception):
                self.failed = seen
                self._tell(f"diagnostic: the output is watched no longer: {seen}")
            else:
                self._take(seen)
        now = time.monotonic()
        if self._line is not None:
            self._line.show(status_text(self._last, now - self._begun))
        sent = self._ending.tick(now)
        if sent is not None:
            self._tell(f"diagnostic: it did not end yet; sent {sent.name}")

    def announce(self, look: Look) -> None:
        """Tell the findings of a look that are new."""
        for result in look.new:
            self._tell(f"diagnostic: {self._paint(result)}")

    def _take(self, look: Look) -> None:
        self._last = look
        self.announce(look)
        if self._stop_on is None or self._ending.asked:
            return
        lost = look.lost(self._stop_on)
        if lost is not None:
            self.stopped = lost
            self._tell(f"diagnostic: asking it to end: {lost.code} {lost.name}")
            self._ending.ask(time.monotonic())
