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
    collecting took more than `share` of the time since the last sample and halves, never below
    `every`, when it took less than an eighth of it. Every `stride`-th loss is kept: `stride`
    doubles when sampling rarely does not bring the cost down, and after every 20,000 rows, so
    that memory and log grow with the logarithm of the number of steps.
    """

    every: int
    share: float
    interval: int = 0
    stride: int = 1
    own: float = 0.0
    samples: int = 0
    steps: int = 0
    last: float = 0.0
    rows: int = 0
    _first: bool = True

    def __post_init__(self) -> None:
        self.interval = self.every

    def due(self, now: float) -> bool:
        """Whether this step, at the time `now` in seconds, is to be sampled."""
        return self.steps >= self.interval or now - self.last >= WAIT

    def rare(self) -> bool:
        """Whether the sample that is due looks closer."""
        return self.samples % RARE == 0

    def sampled(self, now: float) -> None:
        """Close the sample that was due and choose the next interval."""
        elapsed = now - self.last
        # the first steps load libraries and warm caches: they say nothing of the rest
        if elapsed > 0 and not self._first:
            spent = self.own / elapsed
            if spent > self.share:
                if self.interval >= 8 * self.every and self.stride < self.interval:
                    self.stride *= 2
                self.interval = min(2 * self.interval, _MOST)
            elif spent < self.share / 8 and self.interval > self.every:
                self.interval = max(self.interval // 2, self.every)
        self._first = False
        self.samples += 1
        self.steps = 0
        self.own = 0.0
        self.last = now

    def kept(self, rows: int) -> None:
        """Count rows that were kept."""
        self.rows += rows
        if self.rows > _ROWS:
            self.rows = 0
            self.stride *= 2
