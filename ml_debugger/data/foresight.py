"""How strongly columns relate to returns that come after their rows.

Returns are cleaned of what their own past foretells (an autoregression), so that momentum,
reversal and the bounce between bid and ask are nobody's foresight. What remains after a row is
unknowable there but for true skill, and its products with anything known are uncorrelated.
Columns in turn are cleaned of the moves up to their rows, so that a window to both sides of a
row shows its future half.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import NormalDist

import numpy as np

from ml_debugger.data.alignment import Placed, Whole

Floats = np.ndarray[tuple[int, ...], np.dtype[np.float64]]
Singles = np.ndarray[tuple[int, ...], np.dtype[np.float32]]

LEADS = 21
"""Bars after a row whose returns are looked at one by one: a month of sessions."""
SUMS = (2, 3, 5, 10, 21)
LAGS = 5
MEMORY = 5
"""Order of the autoregression: bounce and slow prices are gone after a week."""
SHRINK = 300.0
"""Bars at which a ticker's own autocorrelation counts as much as that of all."""
BLOCKS = 100
LEAST_BLOCKS = 12
LEAST_BARS = 10
"""Blocks of time whose sums are independent: at most, at least, and the dates of each."""
LEAST_TIMES = 120
LONG = 6.0
"""Bars beyond which the correlation that skill may reach grows no further."""
CLIP = 4.0
LEAST_REST = 1e-4
"""Share of a column's variance that past moves must leave; less is rounding."""
CHANCE = 0.01
"""Probability that chance alone raises any column of a table above its bound."""
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


@dataclass(frozen=True, slots=True)
class Relation:
    """A column's relation to what comes after its rows, the strongest of those looked at.

    `form` tells what of the column: "" itself, "change of ", "price ratio of ". `ahead` is the
    number of bars, all together where `summed`. `correlation` is that with the returns (or,
    where `size`, their sizes) cleaned of their past; `bound` its lower bound a bar; `past` the
    multiple correlation with the 21 returns up to the row, or the largest with the size of one.
    """

    column: str
    form: str
    ahead: int
    summed: bool
    size: bool
    correlation: float
    bound: float
    past: float


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


def relations(names: Sequence[str], columns: Singles, series: Series, tests: int) -> list[Relation]:
    """For each column its strongest relation to returns ahead, and to their sizes, if any bound.

    `columns` has one row a row of `series.position` and one column a name, NaN where missing.
    `tests` is the number of columns tried in all, for which bounds are corrected.
    """
    targets = _Targets(series)
    rows = np.flatnonzero(series.position >= 0)
    bar = series.position[rows]
    order, starts = _blocks(series.time[bar])
    outcome = np.ascontiguousarray(targets.at(bar)[order])
    past = np.linalg.qr(targets.past_of(bar)[order])[0]
    blocks = [*starts, len(rows)]
    count = len(starts)
    energy = (outcome**2).sum(axis=0, dtype=np.float64)
    tries = tests * 2 * (LEADS + len(SUMS))
    found: list[Relation] = []
    for form, which, values in _forms(columns, rows, bar, series):
        if not len(which):
            continue
        told = np.ascontiguousarray(_standard(values, series.ticker[bar])[order])
        told, explained = _beyond(told, past)
        parts = np.stack([told[a:b].T @ outcome[a:b] for a, b in pairwise(blocks)])
        power = np.stack([np.einsum("ij,ij->j", told[a:b], told[a:b]) for a, b in pairwise(blocks)])
        products = _Products(parts, power, targets, energy, targets.times / count, tries)
        found += _strongest(
            [names[i] for i in which], form, products, explained, _many_valued(values)
        )
    return found


@dataclass(frozen=True)
class _Products:
    """Products of columns and targets, summed over blocks of time.

    `parts` has the axes block, column, target; `power` (block, column) and `energy` (target)
    hold sums of squares. `dates` is the length of a block, `tries` the number of comparisons.
    """

    parts: Singles
    power: Singles
    targets: _Targets
    energy: Floats
    dates: float
    tries: int

    def correlation(self, chosen: Sequence[int]) -> tuple[Floats, Floats]:
        """Correlation of each column with the mean of some targets, and what chance may add.

        The spread of the blocks' sums, less what the relation itself gives them, is robust
        against common moves of a date, changing volatility and overlapping sums.
        """
        sums = self.parts[:, :, list(chosen)].sum(axis=2, dtype=np.float64)
        power = self.power.astype(np.float64)
        joined = int(np.ceil(2 * len(chosen) / self.dates)) if len(chosen) > 1 else 1
        if joined > 1:
            starts = np.arange(0, len(sums), joined)
            sums, power = np.add.reduceat(sums, starts), np.add.reduceat(power, starts)
        whole = np.maximum(power.sum(axis=0), 1e-300)
        scale = np.sqrt(whole * self.energy[list(chosen)].mean() * len(chosen))
        scale = np.maximum(scale, 1e-300)
        off = sums - sums.sum(axis=0) / whole * power
        count = len(sums)
        spread = np.sqrt((off**2).sum(axis=0) * count / (count - 1)) / scale
        least = np.sqrt(1 / np.maximum(whole, 1.0))
        chance = _quantile(self.tries, count - 1) * np.maximum(spread, least)
        return np.clip(sums.sum(axis=0) / scale, -1, 1), chance


def _strongest(
    names: Sequence[str],
    form: str,
    products: _Products,
    past: Floats,
    many_valued: np.ndarray,
) -> list[Relation]:
    """The largest bound of each column over all leads and sums, and for sizes."""
    targets = products.targets
    best_bound = np.zeros(len(names))
    best = [(0, False, 0.0)] * len(names)
    own = targets.foretold
    first_alone = np.ones(len(names), dtype=bool)
    spans = [([i], i + 1, False) for i in range(LEADS)]
    spans += [(list(range(h)), h, True) for h in SUMS if targets.times >= 2 * h * LEAST_BLOCKS]
    for chosen, ahead, summed in spans:
        value, chance = products.correlation(chosen)
        bound = (np.abs(value) - chance - own) / np.sqrt(min(len(chosen), LONG))
        if ahead > 1 and not summed:
            first_alone &= bound <= 0.05
        for i in np.flatnonzero(bound > best_bound).tolist():
            best_bound[i] = bound[i]
            best[i] = (ahead, summed, float(value[i]))
    known = _known_overnight(products, first_alone)
    found = [
        Relation(name, form, *best[i][:2], False, best[i][2], float(best_bound[i]), float(past[i]))
        for i, name in enumerate(names)
        if best_bound[i] > 0 and not known[i]
    ]
    lagged = np.max([np.abs(products.correlation([i])[0]) for i in targets.past_sizes], axis=0)
    for ahead, target in enumerate(targets.sizes, 1):
        value, chance = products.correlation([target])
        bound = np.abs(value) - chance
        # what is scheduled, such as earnings, foretells the size of moves: flags are left out
        ahead_of_past = (np.abs(value) > lagged) & many_valued
        found += [
            Relation(
                names[i],
                form,
                ahead,
                False,
                True,
                float(value[i]),
                float(bound[i]),
                float(lagged[i]),
            )
            for i in np.flatnonzero((bound > 0) & ahead_of_past).tolist()
        ]
    return found


def _known_overnight(products: _Products, first_alone: np.ndarray) -> np.ndarray:
    """Columns whose relation lies in the night after their bar, and is not the gap itself.

    News after the close, or markets that close later, are known before the next open.
    """
    targets = products.targets
    if targets.gap is None or targets.session is None:
        return np.zeros(len(first_alone), dtype=bool)
    gap, _ = products.correlation([targets.gap])
    session, chance = products.correlation([targets.session])
    bound = np.abs(session) - chance
    return first_alone & (bound < 0.05) & (np.abs(session) < 0.15) & (np.abs(gap) < 0.8)


class _Targets:
    """What is compared with the columns, a bar: moves after, moves before, and their sizes."""

    def __init__(self, series: Series) -> None:
        self._ticker = series.ticker
        self._time = series.time
        self._first = np.searchsorted(series.ticker, series.ticker, side="left")
        self._last = np.searchsorted(series.ticker, series.ticker, side="right") - 1
        self._moves = _scaled(series.returns, series.ticker)
        self._new, self.foretold = self._cleaned()
        self._sizes = self._size_news(series)
        self._gap = self._session = None
        if series.gaps is not None:
            self._gap = _scaled(series.gaps, series.ticker)
            self._session = _scaled(series.returns - series.gaps, series.ticker)
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
        order, starts = _blocks(self._time)
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


def _scaled(values: Floats, ticker: Whole) -> Floats:
    """Values in units of their ticker's own spread, clipped; 0 where missing."""
    starts = np.flatnonzero(np.diff(ticker, prepend=ticker[0] - 1))
    bars = np.diff(np.append(starts, len(ticker)))
    filled = np.where(np.isfinite(values), values, 0.0)
    for clip in (10.0, CLIP):
        spread = np.sqrt(np.add.reduceat(filled**2, starts) / np.maximum(bars, 1))
        unit = np.repeat(np.maximum(spread, 1e-300), bars)
        filled = np.clip(filled / unit, -clip, clip)
    return filled


def _forms(
    columns: Singles, rows: Whole, bar: Whole, series: Series
) -> list[tuple[str, Whole, Singles]]:
    """The columns themselves, their changes, and prices among them over the price."""
    values = columns if len(rows) == len(columns) else columns[rows]
    values = np.where(np.isfinite(values), values, np.float32(np.nan))
    every = np.arange(columns.shape[1])
    change = np.empty_like(values)
    np.subtract(values[1:], values[:-1], out=change[1:])
    change[np.flatnonzero(np.diff(series.ticker[bar], prepend=-1))] = np.nan
    forms: list[tuple[str, Whole, Singles]] = [("", every, values), ("change of ", every, change)]
    if series.logs is not None:
        close = series.logs[bar]
        near = _price_like(values, close)
        if len(near):
            with np.errstate(invalid="ignore", divide="ignore"):
                ratio = np.log(values[:, near]) - close[:, None].astype(np.float32)
            forms.append(("price ratio of ", near, ratio))
    return forms


def _price_like(values: Singles, close: Floats) -> Whole:
    """Columns that stand near the price: averages, bands, future prices."""
    few = np.linspace(0, len(values) - 1, min(len(values), 2_000)).astype(np.int64)
    some, price = values[few], close[few]
    with np.errstate(invalid="ignore", divide="ignore"):
        logs = np.where(some > 0, np.log(some), np.nan)
    found = []
    for column in range(logs.shape[1]):
        known = np.isfinite(logs[:, column]) & np.isfinite(price)
        if known.sum() < 0.5 * np.isfinite(some[:, column]).sum() or known.sum() < 50:
            continue
        apart = logs[known, column] - price[known]
        low, middle, high = np.quantile(apart, (0.1, 0.5, 0.9))
        ordinary = float(np.subtract(*np.quantile(price[known], (0.9, 0.1))))
        if abs(middle) < 1.0 and high - low < max(0.2, 0.5 * ordinary):
            found.append(column)
    return np.array(found, dtype=np.int64)


def _standard(values: Singles, ticker: Whole) -> Singles:
    """Columns less their mean, in units of each ticker's spread, clipped; 0 where missing."""
    known = np.isfinite(values)
    count = np.maximum(known.sum(axis=0), 1)
    single = np.where(known, values, np.float32(0))
    # scaled first, so that squares stay within 32 bits
    single /= np.maximum(np.maximum(single.max(axis=0), -single.min(axis=0)), 1e-30)
    single -= single.sum(axis=0, dtype=np.float64).astype(np.float32) / count.astype(np.float32)
    single *= known
    starts = np.flatnonzero(np.diff(ticker, prepend=ticker[0] - 1))
    for begin, end in pairwise([*starts, len(ticker)]):
        part = single[begin:end]
        for _ in range(2):
            spread = np.sqrt(np.einsum("ij,ij->j", part, part) / (end - begin))
            part /= np.maximum(spread, 1e-20)
            np.clip(part, -CLIP, CLIP, out=part)
    return single


def _beyond(told: Singles, past: Singles) -> tuple[Singles, Floats]:
    """Columns less what moves up to their rows explain of them, 0 where that is all; and that.

    A window to both sides of its row shows its future half clearly once the other is gone.
    """
    rest = told - past @ (past.T @ told)
    rest *= told != 0
    power = np.einsum("ij,ij->j", told, told)
    left = np.einsum("ij,ij->j", rest, rest) / np.maximum(power, 1e-20)
    explained = np.sqrt(np.clip(1 - left, 0, 1)).astype(np.float64)
    return np.asarray(rest * (left > LEAST_REST)), explained


def _many_valued(values: Singles) -> np.ndarray:
    few = values[np.linspace(0, len(values) - 1, min(len(values), 1_000)).astype(np.int64)]
    ordered = np.sort(few, axis=0)
    return np.asarray((np.diff(ordered, axis=0) > 0).sum(axis=0) > 50)


def _blocks(time: Whole) -> tuple[Whole, Whole]:
    """An order by time, and where its blocks begin: no date is in two of them."""
    order = np.argsort(time, kind="stable")
    _, rank = np.unique(time[order], return_inverse=True)
    dates = int(rank[-1]) + 1
    block = rank * min(BLOCKS, max(LEAST_BLOCKS, dates // LEAST_BARS)) // dates
    return order, np.flatnonzero(np.diff(block, prepend=-1))


def _quantile(tests: int, freedom: int) -> float:
    """Two-sided quantile of Student's t by the expansion of Abramowitz and Stegun, 26.7.5."""
    z = -NormalDist().inv_cdf(CHANCE / 2 / max(1, tests))
    first = (z**3 + z) / 4
    second = (5 * z**5 + 16 * z**3 + 3 * z) / 96
    third = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384
    return z + first / freedom + second / freedom**2 + third / freedom**3
