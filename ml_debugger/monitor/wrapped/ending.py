"""Ending a command gently: it may save what it has before it goes."""

from __future__ import annotations

import signal
from collections.abc import Callable

GRACE = 30.0
"""Seconds between the two signals: PyTorch Lightning and Transformers write a checkpoint of
several gigabytes on the first one."""


class Ending:
    """Asks with SIGINT, and with SIGTERM once the grace is over; SIGKILL is left to a person.

    A process that stands in a GPU driver loses the card when it is killed outright.
    """

    def __init__(self, send: Callable[[signal.Signals], None], grace: float = GRACE) -> None:
        self._send = send
        self._grace = grace
        self._next: float | None = None
        self._left = [signal.SIGINT, signal.SIGTERM]

    @property
    def asked(self) -> bool:
        """Whether the command was asked to end."""
        return self._next is not None

    def ask(self, now: float) -> None:
        """Begin; `now` is a monotonic time in seconds. A second call changes nothing."""
        if self._next is None:
            self._step(now)

    def tick(self, now: float) -> signal.Signals | None:
        """The signal that was sent just now because the grace is over, if any."""
        if self._next is None or now < self._next or not self._left:
            return None
        return self._step(now)

    def _step(self, now: float) -> signal.Signals:
        number = self._left.pop(0)
        self._send(number)
        self._next = now + self._grace
        return number
