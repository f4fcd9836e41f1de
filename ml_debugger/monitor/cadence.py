"""How often the monitor looks: as often as its share of the training's time allows."""

from __future__ import annotations

from dataclasses import dataclass

RARE = 10
"""Every tenth sample looks closer: norms by layer, weights, memory."""

WAIT = 2.0
"""Seconds after which a slow step is sampled although fewer than `interval` steps have passed."""

_MOST = 1 << 14
_ROWS = 20_000


@dataclass(slots=True)
class Cadence:
    """Decides from the monitor's own measured time.

    A sample is due every `interval` steps, or after `WAIT` seconds. `interval` doubles when
    sampling took more than half of `share` of the time since the last sample, and halves, never
    below `every`, when it took less than an eighth of that. Every `stride`-th loss is kept, and
    `stride` follows the cost of bringing them to the host and the log in the same way; it also
    doubles for good after every 20,000 rows, so that memory and log grow with the logarithm of
    the number of steps. What a call costs that neither samples nor keeps cannot be spared.
    """

    every: int
    share: float
    interval: int = 0
    stride: int = 1
    sampling: float = 0.0
    keeping: float = 0.0
    samples: int = 0
    steps: int = 0
    last: float = 0.0
    _rows: int = 0
    _floor: int = 1
    _warm: bool = False

    def __post_init__(self) -> None:
        self.interval = self.every

    def due(self, now: float) -> bool:
        """Whether this step, at the time `now` in seconds, is to be sampled."""
        return self.steps >= self.interval or now - self.last >= WAIT

    def rare(self) -> bool:
        """Whether the sample that is due looks closer."""
        return self.samples % RARE == 0

    def sampled(self, now: float) -> None:
        """Close the sample that was due and choose the next interval and stride."""
        elapsed = now - self.last
        # the first steps load libraries and warm caches: they say nothing of the rest
        if elapsed > 0 and self._warm:
            allowed = self.share / 2 * elapsed
            self.interval = _next(self.interval, self.sampling / allowed, self.every, _MOST)
            self.stride = _next(self.stride, self.keeping / allowed, self._floor, self.interval)
        self._warm = True
        self.samples += 1
        self.steps = 0
        self.sampling = self.keeping = 0.0
        self.last = now

    def kept(self, rows: int) -> None:
        """Count rows that were kept."""
        self._rows += rows
        if self._rows > _ROWS:
            self._rows = 0
            self._floor *= 2
            self.stride = max(self.stride, self._floor)


def _next(present: int, cost: float, least: int, most: int) -> int:
    """Twice or half of the present number, for a cost in units of what is allowed."""
    if cost > 1:
        return max(min(2 * present, most), least)
    return max(present // 2, least) if cost < 1 / 8 else present
