"""Samples GPU and host beside a training, rarely enough to cost nothing."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from ml_debugger.artifacts import Artifact, GpuSnapshot
from ml_debugger.probes.probe import ProbeFailure, take

EVERY = 30.0
"""Seconds between two samples: a probe is a process, which costs about 0.1 s of a processor."""

Take = Callable[[Sequence[str]], Sequence[Artifact | ProbeFailure]]


class Sampling:
    """The newest snapshots of GPU and host, taken by a thread: a driver that hangs delays nobody.

    A machine without a sign of a GPU is asked for one once only.
    """

    def __init__(self, every: float = EVERY, take: Take = take) -> None:
        self._every, self._take = every, take
        self._snapshots: tuple[Artifact, ...] = ()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._sample, name="sampling", daemon=True)

    def start(self) -> None:
        """Begin to sample."""
        self._thread.start()

    def finish(self) -> None:
        """Sample no more; a sample that is being taken is not waited for."""
        self._ended.set()

    def newest(self) -> Sequence[Artifact]:
        """The newest snapshots; a probe that failed has none."""
        return self._snapshots

    def _sample(self) -> None:
        names = ["gpu", "host"]
        while True:
            found = self._take(names)
            self._snapshots = tuple(a for a in found if not isinstance(a, ProbeFailure))
            if any(isinstance(a, GpuSnapshot) and a.state == "absent" for a in self._snapshots):
                names = ["host"]
            if self._ended.wait(self._every):
                return
