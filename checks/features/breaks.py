"""Features that broke with their past: further from it than ever, and lastingly."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

from checks.features.blocks import Blocks, Departure, departures

if TYPE_CHECKING:
    from checks.features.blocks import Mask

CROWD = 5
"""Tickers from which on what happens to one of them alone does not move the middle one."""
LEAST_PAST = {True: 6, False: 12}
"""Blocks whose own departures must be known before one can be called unusual, by whether there
is a crowd: what befalls one ticker (a bid, a merger) happens rarely, and moves all its features."""
LASTING = 0.5
"""Share of the departure that the mean of all later blocks must keep."""
LEAST_SHIFT = {True: 0.75, False: 2.0}
"""Smallest departure of a level that matters, in interquartile ranges, with a crowd and without."""
LEAST_FACTOR = {True: math.log(1.5), False: math.log(3.0)}
"""Smallest departure by a factor that matters, as logarithm."""
RESCALED_SHIFT, RESCALED_FACTOR = 10.0, math.log(50.0)
"""Departures of a pipeline: percent for fraction is 100, cents for units 100, raw for scaled."""

SHAPE = math.log(1.5)
"""Natural logarithm: how much wider than ever the quartiles of a block may lie in its shape."""


@dataclass(frozen=True)
class Drift:
    """One feature's break: its first block, how far, in what, against the largest before."""

    feature: str
    block: int
    size: float
    kind: str
    usual: float

    @property
    def factor(self) -> bool:
        """Whether its size is the logarithm of a factor."""
        return self.kind != "shift"

    @property
    def words(self) -> str:
        """What happened, with its size."""
        if self.kind == "shift":
            return f"its middle moved by {self.size:+.1f} interquartile ranges"
        thing = "level" if self.kind == "level" else "spread"
        return f"its {thing} is {math.exp(self.size):.3g} times the former"

    @property
    def rescaled(self) -> bool:
        """Whether no market does that."""
        return abs(self.size) >= (RESCALED_FACTOR if self.factor else RESCALED_SHIFT)


@dataclass(frozen=True)
class _Rule:
    """What makes a break: the least size, the least past in blocks, the logarithm of chances."""

    least: float
    past: int
    chances: float


def gravity(drift: Drift) -> tuple[bool, float]:
    return (not drift.rescaled, -abs(drift.size) / max(drift.usual, 1e-9))


def drifts(columns: list[str], blocks: Blocks, false_alarms: float) -> list[Drift]:
    """The first break of each feature that has one; of level and spread the larger."""
    import numpy as np

    ratio = blocks.ratio
    levels = departures(np.where(ratio, blocks.middle, np.nan))
    levels.near[~_same_shape(blocks)] = 0.0
    shifts = departures(np.where(ratio, np.nan, blocks.middle), blocks.width)
    spreads = departures(np.where(ratio, np.nan, blocks.width))
    crowd = blocks.tickers >= CROWD
    factor = LEAST_FACTOR[crowd]
    tests = 2 * len(columns) * (blocks.count - blocks.count // 2)
    found: dict[str, Drift] = {}
    for kind, moved, least in (
        ("level", levels, factor),
        ("shift", shifts, LEAST_SHIFT[crowd]),
        ("spread", spreads, 2 * factor),
    ):
        rule = _Rule(least, LEAST_PAST[crowd], math.log(tests / false_alarms))
        for number, block, size, usual in _breaks(moved, rule):
            drift = Drift(columns[number], block, size, kind, usual)
            known = found.get(drift.feature)
            if known is None or gravity(drift) < gravity(known):
                found[drift.feature] = drift
    return list(found.values())


def _breaks(moved: Departure, rule: _Rule) -> list[tuple[int, int, float, float]]:
    """Feature, block, size, and the largest before, of each feature's first lasting break."""
    import numpy as np

    size = np.abs(moved.near)
    known = np.isfinite(size)
    largest = np.roll(np.fmax.accumulate(np.where(known, size, 0.0), axis=0), 2, axis=0)
    past = np.roll(np.cumsum(known, axis=0), 2, axis=0)
    enough = (past >= rule.past) & (np.arange(len(size)) >= len(size) // 2)[:, None]
    # the largest of n exponential tails lies near ln n: P(x > k ln n) = n^-k
    margin = rule.chances / np.log(np.maximum(past, 2))
    with np.errstate(invalid="ignore"):
        beyond = enough & (size > np.maximum(margin * largest, rule.least))
    found = []
    for number in np.flatnonzero(beyond.any(axis=0)):
        for block in np.flatnonzero(beyond[:, number]):
            near = float(moved.near[block, number])
            after = float(moved.after[block, number]) * math.copysign(1.0, near)
            if math.isnan(after) or after >= LASTING * abs(near):
                found.append((int(number), int(block), near, float(largest[block, number])))
                break
    return found


def _same_shape(blocks: Blocks) -> Mask:
    """Whether a block's quartiles stand to each other as before, in the middle ticker.

    Another unit moves all quartiles by one factor. A feature that comes near zero moves them
    apart, and the logarithm of its level says nothing.
    """
    import numpy as np

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        width = np.nanmedian(blocks.width, axis=0)
    widest = np.fmax.accumulate(width, axis=0)
    before = np.vstack([np.full_like(width[:2], np.nan), widest[:-2]])
    return np.asarray(~(width > before + SHAPE))
