"""The behaviour of features by blocks of time, and how far a block lies from those before it."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

from checks.features.timeline import Timeline, numbers

if TYPE_CHECKING:
    import numpy as np
    import polars as pl

    Array = np.ndarray[tuple[int, ...], np.dtype[np.float64]]
    Mask = np.ndarray[tuple[int, ...], np.dtype[np.bool_]]
    Ints = np.ndarray[tuple[int, ...], np.dtype[np.int64]]

BLOCK_STEPS = 20
"""Sessions of a block at least: a month."""
MOST_BLOCKS, LEAST_BLOCKS = 100, 8
MOST_TICKERS = 40
LEAST_VALUES = 8
"""Values that a ticker must have in a block for its quartiles to be known."""
CELLS = 4_000_000
"""Most values that are sorted."""
QUARTILES = 1.349
"""Distance of the quartiles of a normal distribution, in standard deviations."""
FIRST = 3
"""Blocks that stand before the first one that is compared with its past."""


@dataclass(frozen=True, eq=False)
class Blocks:
    """Quartiles by ticker, block and feature, on a scale on which features are compared.

    `middle` is the median and `width` the natural logarithm of the distance between the
    quartiles, both NaN where too little is known. `ratio` marks features that are always
    positive: they are taken in natural logarithms. `edges` are the first steps of the blocks.
    """

    middle: Array
    width: Array
    ratio: Mask
    edges: Ints

    @property
    def count(self) -> int:
        """The number of blocks."""
        return int(self.middle.shape[1])

    @property
    def tickers(self) -> int:
        """The number of tickers."""
        return int(self.middle.shape[0])


@dataclass(frozen=True, eq=False)
class Departure:
    """How far blocks lie from what went before, by block and feature, in the middle ticker.

    A block is held against all blocks before it but the last, and against the second last
    alone; the smaller distance counts, with its sign. So a trend, whose every block leaves the
    past behind but lies near the block before, is near; and so is a return to a level known.
    """

    near: Array
    after: Array


def blocks_of(series: pl.DataFrame, line: Timeline, columns: list[str]) -> Blocks | None:
    """The blocks of a sample of whole tickers in order; None where it is too short for blocks."""
    import numpy as np

    count = min(MOST_BLOCKS, line.count // BLOCK_STEPS)
    if count < LEAST_BLOCKS:
        return None
    block = line.steps * count // line.count
    tickers = _chosen(line)
    key = np.where(np.isin(line.tickers, tickers), line.tickers * count + block, -1)
    starts = np.flatnonzero(np.diff(key, prepend=-2))
    sizes = np.diff(starts, append=len(key))
    kept = (key[starts] >= 0) & (sizes >= LEAST_VALUES)
    starts, sizes, groups = starts[kept], sizes[kept], key[starts[kept]]
    if not len(groups):
        return None
    each = int(np.clip(CELLS // (len(groups) * len(columns)), 16, 64))
    rows = starts[:, None] + (np.arange(each) * 2 + 1) * sizes[:, None] // (2 * each)
    quartiles = np.full((3, len(tickers) * count, len(columns)), np.nan)
    place = np.searchsorted(tickers, groups // count) * count + groups % count
    few = series[rows.ravel()]
    for number, name in enumerate(columns):
        quartiles[:, place, number] = _quartiles(numbers(few, name).reshape(rows.shape))
    shape = (3, len(tickers), count, len(columns))
    edges = -(-np.arange(count) * line.count // count)
    return _scaled(quartiles.reshape(shape), edges)


def _chosen(line: Timeline) -> Ints:
    """The tickers with most rows, in their order."""
    import numpy as np

    held = np.bincount(line.tickers)
    return np.sort(np.argsort(-held, kind="stable")[:MOST_TICKERS])


def _quartiles(values: Array) -> Array:
    """First quartile, median and third quartile of each row; NaN where values are too few."""
    import numpy as np

    ordered = np.sort(values, axis=1)
    known = np.isfinite(ordered).sum(axis=1)
    # a group with fewer rows than picks repeats some, so half of the picks must be known
    enough = known >= max(LEAST_VALUES, values.shape[1] // 2)
    row = np.arange(len(ordered))
    picked = [ordered[row, (np.maximum(known - 1, 0) * q + 2) // 4] for q in (1, 2, 3)]
    return np.where(enough, np.stack(picked), np.nan)


def _scaled(quartiles: Array, edges: Ints) -> Blocks:
    import numpy as np

    low, middle, high = quartiles
    with warnings.catch_warnings(), np.errstate(invalid="ignore", divide="ignore"):
        warnings.simplefilter("ignore", RuntimeWarning)
        ratio = np.nanmin(low, axis=(0, 1)) > 0
        low, middle, high = (np.where(ratio, np.log(part), part) for part in (low, middle, high))
        width = np.log(high - low)
    width = np.where(np.isfinite(width), width, np.nan)
    # marks and classes stand on one value: their quartiles say nothing
    moving = np.isfinite(width).sum(axis=(0, 1)) > np.isfinite(middle).sum(axis=(0, 1)) / 2
    return Blocks(np.where(moving, middle, np.nan), np.where(moving, width, np.nan), ratio, edges)


def departures(level: Array, unit: Array | None = None) -> Departure:
    """Distances of each block's level from what went before, in units of the past's own width.

    `level` and `unit` have the axes ticker, block, feature; without `unit` distances are those
    of the level itself. `after` holds the distance of the mean of all later blocks from what
    went before the block, NaN for the last one.
    """
    import numpy as np

    known = np.isfinite(level)
    total = np.cumsum(np.where(known, level, 0.0), axis=1)
    count = np.cumsum(known, axis=1)
    past = np.full_like(level, np.nan)
    before = np.full_like(level, np.nan)
    with warnings.catch_warnings(), np.errstate(invalid="ignore", divide="ignore"):
        warnings.simplefilter("ignore", RuntimeWarning)
        past[:, 2:] = np.where(count >= FIRST - 1, total / count, np.nan)[:, :-2]
        before[:, 2:] = level[:, :-2]
        after = (total[:, -1:] - total) / (count[:, -1:] - count) - past
        far, near = level - past, level - before
        if unit is not None:
            usual = np.full_like(level, np.nan)
            usual[:, 2:] = _usual_width(level, unit)[:, :-2]
            far, near, after = far / usual, near / usual, after / usual
        agree = np.sign(far) == np.sign(near)
        least = np.where(agree, np.sign(far) * np.minimum(np.abs(far), np.abs(near)), 0.0)
        least = np.where(np.isfinite(far) & np.isfinite(near), least, np.nan)
        return Departure(np.nanmedian(least, axis=0), np.nanmedian(after, axis=0))


def _usual_width(level: Array, width: Array) -> Array:
    """The interquartile range of all values up to each block, from that of blocks and levels.

    Features of long windows hardly move within a block: what they do between blocks counts too.
    """
    import numpy as np

    known = np.isfinite(level) & np.isfinite(width)
    count = np.cumsum(known, axis=1)

    def mean(values: Array) -> Array:
        return np.asarray(np.cumsum(np.where(known, values, 0.0), axis=1) / count)

    within = mean(np.exp(2 * width))
    between = np.maximum(mean(level**2) - mean(level) ** 2, 0.0)
    return np.asarray(np.sqrt(within + QUARTILES**2 * between))
