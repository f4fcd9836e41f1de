"""When the run is judged: at once when a value is no number, else as its cost allows."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ml_debugger.contract import Result
from ml_debugger.monitor.live_run import LiveRun
from ml_debugger.monitor.policy import LOGGER, Policy
from ml_debugger.monitor.standing import Standing

if TYPE_CHECKING:
    from ml_debugger.monitor.judging import Judging

_GUESS = 0.1
_URGENT = 3


class Looking:
    """Judges in the training's own thread: a second one would only share the interpreter's lock.

    The next look is due when all looks, and one more as costly as the last, take no more than
    `share` of the time since the start, so the looks become rarer as the run and their cost
    grow. A loss or gradient that is not finite is looked at without waiting, three times.
    """

    def __init__(
        self, policy: Policy, share: float, judging: Judging | None, folder: Path | None
    ) -> None:
        self._policy = policy
        self._share = share
        self._judging = judging
        self._folder = folder
        self._standing = Standing()
        self._looks = 0
        self._started = 0.0
        self._total = 0.0
        self._last = _GUESS
        self._urgent = _URGENT
        self._unaccounted = 0.0

    def begin(self, now: float) -> None:
        """The training began at `now`, in seconds. Raises ConfigError for wrong limits."""
        if self._judging is None:
            from ml_debugger.monitor.judging import Judging

            self._judging = Judging(self._folder)
        self._started = now

    def look_if_due(
        self, live: LiveRun, rows: Sequence[tuple[float, Mapping[str, float]]], now: float
    ) -> None:
        """Judge the run where the time has come, or where new rows cannot wait."""
        urgent = self._urgent > 0 and any(_broken(values) for _, values in rows)
        self._urgent -= urgent
        if urgent or self._total + self._last <= self._share * (now - self._started):
            self.look(live)

    def look(self, live: LiveRun, *, final: bool = False) -> Sequence[Result]:
        """Judge the run as it is now and tell what is new."""
        if self._judging is None:
            return ()
        begin = time.perf_counter()
        results: Sequence[Result] = ()
        try:
            results = self._judging.look([live.artifact()])
            self._looks += 1
            standing = self._standing.of(results, seen=self._looks, now=begin, final=final)
            for finding in self._judging.new(standing):
                self._policy.act(finding)
        except Exception as error:  # noqa: BLE001  the boundary: the log goes on
            self._judging = None
            LOGGER.error("judging is off, the log goes on: %s: %s", type(error).__name__, error)
        self._last = time.perf_counter() - begin
        self._total += self._last
        self._unaccounted += self._last
        return results

    def spent(self) -> float:
        """Seconds of looks since this was asked last: they have a budget of their own."""
        spent, self._unaccounted = self._unaccounted, 0.0
        return spent


def _broken(values: Mapping[str, float]) -> bool:
    return any(
        not math.isfinite(values[name])
        for name in ("train_loss", "val_loss", "grad_norm")
        if name in values
    )
