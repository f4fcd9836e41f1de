"""Returns a bar, cleaned of what their own past foretells, as targets for the rows of a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ml_debugger.data.alignment import Placed, Whole

Floats = np.ndarray[tuple[int, ...], np.dtype[np.float64]]
Singles = np.ndarray[tuple[int, ...], np.dtype[np.float32]]

LEADS = 21
"""Bars after a row whose returns are looked at one by one: a month of sessions."""
LAGS = 5
MEMORY = 5
"""Order of the autoregression: bounce and slow prices are gone after a week."""
SHRINK = 300.0
"""Bars at which a ticker's own autocorrelation counts as much as that of all."""
BLOCKS = 100
LEAST_BLOCKS = 12
LEAST_BARS = 10
"""Blocks of time whose sums are independent: at most, at least, and the dates of each."""
CLIP = 4.0
DAY = 86_400_000_000


@dataclass(frozen=True)
class Series:
    """Returns a bar, and the rows of a table on these bars.

    `returns` may be NaN; `ticker` (ascending) and `time` stand beside them. `logs` are log
    closes, `gaps` log returns from close to the next open, `None` where unknown. `position` is
    each row's bar, -1 where it has none. `daily` tells that a day has one bar.
    """

    returns: Floats
    ticker: Whole
    time: Whole
    position: Whole
    logs: Floats | None = None
    gaps: Floats | None = None
    daily: bool = True


def series_of(placed: Placed) -> Series:
    """One-bar returns of the bars that rows were put on."""
    logs = next(iter(placed.closes.values()))
    returns = np.full(len(logs), np.nan)
    same = np.diff(placed.ticker) == 0
    returns[1:] = np.where(same, np.diff(logs), np.nan)
    gaps = None
    if placed.opens is not None and placed.bars_a_day <= 1:
        # a linked adjusted close and an open of the day are not of one scale
        close = placed.closes.get("close", logs)
        gaps = np.full(len(logs), np.nan)
        gaps[1:] = np.where(same, placed.opens[1:] - close[:-1], np.nan)
    return Series(
        returns,
        placed.ticker,
        placed.time,
        placed.position,
        logs,
        gaps,
        placed.bars_a_day <= 1,
    )


class Targets:
    """What is compared with the columns, a bar: moves after, moves before, and their sizes."""

    def __init__(self, series: Series) -> None:
        self._ticker = series.ticker
        self._time = series.time
        self._first = np.searchsorted(series.ticker, series.ticker, side="left")
        self._last = np.searchsorted(series.ticker, series.ticker, side="right") - 1
        self._moves = scaled(series.returns, series.ticker)
        self._new, self.foretold = self._cleaned()
        self._sizes = self._size_news(series)
        self._gap = self._session = None
        if series.gaps is not None:
            self._gap = scaled(series.gaps, series.ticker)
            self._session = scaled(series.returns - series.gaps, series.ticker)
        self.times = len(np.unique(series.time[series.position[series.position >= 0]]))
        lags = range(LAGS)
        self.sizes = [LEADS + j for j in lags]
        self.past_sizes = [LEADS + LAGS + j for j in lags]
        after = LEADS + 2 * LAGS
        self.gap = after if self._gap is not None else None
        self.session = after + 1 if self._session is not None else None

    def at(self, bar: Whole) -> Singles:
        """The targets of rows on these bars, a column a target, 0 where unknown."""
        wanted = [(self._new, k) for k in range(1, LEADS + 1)]
        wanted += [(self._sizes, k) for k in range(1, LAGS + 1)]
        wanted += [(self._sizes, -k) for k in range(LAGS)]
        if self._gap is not None and self._session is not None:
            wanted += [(self._gap, 1), (self._session, 1)]
        targets = np.zeros((len(bar), len(wanted)), dtype=np.float32, order="F")
        for column, (values, offset) in enumerate(wanted):
            there = bar + offset
            inside = (there >= self._first[bar]) & (there <= self._last[bar])
            targets[:, column] = np.where(inside, values[np.clip(there, 0, len(values) - 1)], 0.0)
        return targets

    def past_of(self, bar: Whole) -> Singles:
        """The moves of these bars and the 20 before, a column a lag, 0 where unknown."""
        past = np.zeros((len(bar), LEADS), dtype=np.float32)
        for lag in range(LEADS):
            there = bar - lag
            inside = there >= self._first[bar]
            past[:, lag] = np.where(inside, self._moves[np.maximum(there, 0)], 0.0)
        return past

    def _before(self, values: Floats, lag: int) -> Floats:
        shifted = np.zeros_like(values)
        shifted[lag:] = np.where(self._ticker[lag:] == self._ticker[:-lag], values[:-lag], 0.0)
        return shifted

    def _cleaned(self) -> tuple[Floats, float]:
        """Moves less what the five before foretell, and how much that is (a correlation)."""
        moves = self._moves
        before = [self._before(moves, lag) for lag in range(1, MEMORY + 1)]
        starts = np.flatnonzero(np.diff(self._ticker, prepend=self._ticker[0] - 1))
        sums = np.stack([np.add.reduceat(moves * b, starts) for b in (moves, *before)], axis=1)
        bars = np.diff(np.append(starts, len(moves)))
        pooled = sums.sum(axis=0) / max(float(sums[:, 0].sum()), 1e-12)
        with np.errstate(invalid="ignore", divide="ignore"):
            own = np.where(sums[:, :1] > 0, sums / sums[:, :1], pooled)
        trust = (bars / (bars + SHRINK))[:, None]
        rho = trust * own + (1 - trust) * pooled
        apart = np.abs(np.subtract.outer(np.arange(MEMORY), np.arange(MEMORY)))
        matrix = rho[:, apart] + 1e-6 * np.eye(MEMORY)
        weights = np.linalg.solve(matrix, rho[:, 1:, None])[:, :, 0]
        weight = np.repeat(weights, bars, axis=0)
        foretold = np.sum([weight[:, j] * b for j, b in enumerate(before)], axis=0)
        return moves - foretold, self._foretold(before)

    def _foretold(self, before: Sequence[Floats]) -> float:
        """Correlation of moves with what the five before say of them, beyond chance."""
        order, starts = blocks_of_time(self._time)
        moves = self._moves[order]
        whole = max(float((moves**2).sum()), 1e-12)
        share = 0.0
        for past in before:
            parts = np.add.reduceat(moves * past[order], starts)
            error = float(parts.std()) * np.sqrt(len(parts))
            share += (max(0.0, abs(float(parts.sum())) - 2 * error) / whole) ** 2
        return float(np.sqrt(share))

    def _size_news(self, series: Series) -> Floats:
        """Sizes of moves less what recent sizes, and the time of day, foretell."""
        size = np.minimum(np.abs(self._moves), CLIP)
        if not series.daily:
            _, clock = np.unique(series.time % DAY, return_inverse=True)
            if clock.max() < len(size) / 20:
                size = size - (np.bincount(clock, size) / np.bincount(clock))[clock]
        size = size - size.mean()
        sums = np.concatenate(([0.0], np.cumsum(size)))
        bar = np.arange(len(size))
        before = [np.ones(len(size)), self._before(size, 1), self._before(size, 2)]
        for span in (5, 22, 66):
            begin = np.maximum(bar - span, self._first)
            before.append((sums[bar] - sums[begin]) / np.maximum(bar - begin, 1))
        known = np.stack(before, axis=1)
        weights = np.linalg.lstsq(known.T @ known, known.T @ size, rcond=None)[0]
        news = size - known @ weights
        return np.asarray(np.clip(news, -CLIP, CLIP))


def scaled(values: Floats, ticker: Whole) -> Floats:
    """Values in units of their ticker's own spread, clipped; 0 where missing."""
    starts = np.flatnonzero(np.diff(ticker, prepend=ticker[0] - 1))
    bars = np.diff(np.append(starts, len(ticker)))
    filled = np.where(np.isfinite(values), values, 0.0)
    for clip in (10.0, CLIP):
        spread = np.sqrt(np.add.reduceat(filled**2, starts) / np.maximum(bars, 1))
        unit = np.repeat(np.maximum(spread, 1e-300), bars)
        filled = np.clip(filled / unit, -clip, clip)
    return filled


def blocks_of_time(time: Whole) -> tuple[Whole, Whole]:
    """An order by time, and where its blocks begin: no date is in two of them."""
    order = np.argsort(time, kind="stable")
    _, rank = np.unique(time[order], return_inverse=True)
    dates = int(rank[-1]) + 1
    block = rank * min(BLOCKS, max(LEAST_BLOCKS, dates // LEAST_BARS)) // dates
    return order, np.flatnonzero(np.diff(block, prepend=-1))
