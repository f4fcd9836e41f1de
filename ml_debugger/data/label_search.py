"""The search for the return that a label is, over all windows near its row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from ml_debugger.data.alignment import Array, Placed, Whole
from ml_debugger.data.label_windows import (
    EXACT,
    LEAST_ROWS,
    VERIFIED,
    Floats,
    Window,
    moves,
    price_at,
    residual_of,
    spread_rows,
)

SHIFTS = 6
"""Rows by which windows of any length are tried to be shifted, both ways."""
LATEST = 25
"""Rows by which a window of the claimed length is tried to be late."""
SCREENED = 128
LONGEST = 260
"""Sessions of a year, and some: the longest horizon that is tried."""
CLASSES = 5
"""Most distinct values of a label that is read as classes."""


def reproduce(values: Floats, placed: Placed, claimed: int | None) -> Window | None:
    """The window that reproduces a label, None where none does.

    `values` holds one number a row of `placed`, NaN where the label is missing. Where several
    windows do, as with a price that stands still, the claimed one is preferred.
    """
    search = _Search(values, placed, claimed)
    if len(search.rows) < LEAST_ROWS:
        return None
    best: Window | None = None
    for window in search.windows():
        if window.exact and (best is None or window.residual < best.residual):
            best = window
            if window.residual < EXACT / 10:
                break
    if best is None or claimed is None or best.form in ("level", "class"):
        return best
    straight = replace(best, start=0, end=claimed)
    if best.entry == "close" and (best.start, best.end) != (0, claimed):
        again = search.verified(straight)
        if again.exact and again.residual <= 2 * best.residual:
            return again
    return best


class _Search:
    """One label and the rows on which it is looked at."""

    def __init__(self, values: Floats, placed: Placed, claimed: int | None) -> None:
        self.values = values
        self.placed = placed
        self.claimed = claimed
        self.rows = np.flatnonzero(np.isfinite(values) & (placed.position >= 0))
        moving = self.rows[values[self.rows] != 0]
        self.few = spread_rows(moving if len(moving) >= LEAST_ROWS else self.rows, SCREENED)
        self.many = spread_rows(self.rows, VERIFIED)
        longest = int((placed.last - placed.first).max()) if len(placed.ticker) else 0
        self.longest = max(1, min(LONGEST, longest))

    def windows(self) -> Iterator[Window]:
        """Candidates, the best of each kind of label, verified; the likeliest kinds first."""
        distinct = np.unique(self.values[self.many])
        if len(distinct) < 2:
            return
        classes = len(distinct) <= CLASSES
        for price in self.placed.closes:
            if classes:
                yield from self._classes(price, distinct)
                continue
            yield from self._returns(price)
        if not classes:
            for price in self.placed.closes:
                yield from self._levels(price)
                yield from self._excess(price)
                yield from self._classes(price, np.array([-1.0, 1.0]))

    def verified(self, window: Window) -> Window:
        """The same window with its residual on many rows."""
        move = moves(self.placed, window, self.many)
        return replace(window, residual=residual_of(self._told(window, self.many), move))

    def _told(self, window: Window, rows: Whole) -> Floats:
        """The label as a log return, if it is of the window's form."""
        values = self.values[rows] / window.scale
        with np.errstate(invalid="ignore", divide="ignore"):
            match window.form:
                case "log":
                    return values
                case "level":
                    return np.log(values) - price_at(
                        self.placed.closes[window.price], self.placed, rows, window.start
                    )
                case "difference":
                    now = price_at(self.placed.closes[window.price], self.placed, rows, 0)
                    return np.log1p(values / np.exp(now))
                case _:
                    return np.log1p(values)

    def _pairs(self) -> tuple[Whole, Whole]:
        """Starts and ends of all windows that are tried between closes."""
        horizons = np.arange(1, self.longest + 1)
        pairs = [(np.full_like(horizons, s), s + horizons) for s in range(-SHIFTS, SHIFTS + 1)]
        pairs.append((-horizons, np.zeros_like(horizons)))
        if self.claimed is not None and self.claimed <= 4 * LONGEST:
            starts = np.arange(-min(self.claimed, LONGEST) - SHIFTS, LATEST + 1)
            pairs.append((starts, starts + self.claimed))
        starts = np.concatenate([p[0] for p in pairs])
        return starts, np.concatenate([p[1] for p in pairs])

    def _returns(self, price: str) -> Iterator[Window]:
        starts, ends = self._pairs()
        closes = self.placed.closes[price]
        before, after = int(starts.min()), int(ends.max())
        grid = _grid(closes, self.placed, self.few, before, after)
        move = grid[:, ends - before] - grid[:, starts - before]
        shapes = [
            Window(0, 1, form, 1.0, scale=scale, price=price)
            for scale in self._scales()
            for form in ("arithmetic", "log")
        ]
        yield from self._best(move, starts, ends, shapes)
        if self.placed.opens is None:
            return
        reach = np.arange(0, self.longest + 2)
        opening = _grid(self.placed.opens, self.placed, self.few, 0, self.longest + 2)
        closing = _grid(closes, self.placed, self.few, 0, self.longest + 2)
        for leave, exits in (("close", closing), ("open", opening)):
            for start in (1, 0):
                ends = reach[(reach >= start) if leave == "close" else (reach > start)]
                move = exits[:, ends] - opening[:, [start]]
                entered = [replace(w, entry="open", leave=leave) for w in shapes]
                yield from self._best(move, np.full_like(ends, start), ends, entered)

    def _best(
        self, move: Floats, starts: Whole, ends: Whole, shapes: Sequence[Window]
    ) -> Iterator[Window]:
        """The best window of each form, verified on many rows."""
        for shape in shapes:
            told = self._told(shape, self.few)
            known = np.isfinite(told)
            if known.sum() < LEAST_ROWS / 2:
                continue
            cap = float(np.median(np.abs(told[known]))) or 1e-9
            off = np.abs(told[known, None] - move[known])
            # a window that leaves the ticker's bars is no match for a label that is there
            score = np.fmin(off, cap).mean(axis=0) / cap
            best = int(np.argmin(score))
            if score[best] < 0.5:
                found = replace(shape, start=int(starts[best]), end=int(ends[best]))
                yield self.verified(found)

    def _scales(self) -> list[float]:
        """Fractions, percent, basis points, and the mean of the claimed bars."""
        size = float(np.median(np.abs(self.values[self.few])))
        daily = 1 / self.claimed if self.claimed else 1.0
        scales = [1.0, daily] if daily < 1 else [1.0]
        return [*scales, *([100.0] if size > 0.03 else []), *([10_000.0] if size > 3 else [])]

    def _levels(self, price: str) -> Iterator[Window]:
        """A future price, or a difference of prices."""
        closes = self.placed.closes[price]
        reach = np.arange(-self.longest, self.longest + 1)
        grid = _grid(closes, self.placed, self.few, -self.longest, self.longest)
        now = grid[:, [self.longest]]
        daily = float(np.nanmedian(np.abs(grid[:, self.longest + 1] - now[:, 0])))
        with np.errstate(invalid="ignore", divide="ignore"):
            told = np.log(self.values[self.few]) - now[:, 0]
        if np.isfinite(told).mean() > 0.9 and float(np.nanmedian(np.abs(told))) < 0.5:
            off = np.fmin(np.abs(told[:, None] - (grid - now)), 10 * max(daily, 1e-9))
            end = int(reach[int(np.argmin(off.mean(axis=0)))])
            move = moves(self.placed, Window(0, end, "level", 1.0, price=price), self.many)
            there = self._told(Window(0, end, "level", 1.0, price=price), self.many)
            off_all = np.abs(there - move)
            residual = float(np.nanmedian(off_all)) / max(daily, 1e-9)
            yield Window(0, end, "level", residual, price=price)
        starts, ends = self._pairs()
        before, after = int(starts.min()), int(ends.max())
        wide = _grid(closes, self.placed, self.few, before, after)
        move = wide[:, ends - before] - wide[:, starts - before]
        # a difference of prices divided by today's price is a return from today alone
        today = starts == 0
        shape = Window(0, 1, "difference", 1.0, price=price)
        yield from self._best(move[:, today], starts[today], ends[today], [shape])

    def _excess(self, price: str) -> Iterator[Window]:
        """Arithmetic returns less the mean of their date, over the tickers at hand."""
        rows = self._whole_dates()
        if rows is None:
            return
        told = _less_date_mean(self.values[rows], self.placed.time[self.placed.position[rows]])
        cap = float(np.nanmedian(np.abs(told))) or 1e-9
        horizons = set(range(1, min(self.longest, 65) + 1)) | {self.claimed or 1}
        date = self.placed.time[self.placed.position[rows]]
        best = Window(0, 1, "excess", 1.0, price=price)
        for start in (0, 1, -1):
            for horizon in sorted(horizons):
                window = Window(start, start + horizon, "excess", 1.0, price=price)
                came = _less_date_mean(np.expm1(moves(self.placed, window, rows)), date)
                off = np.fmin(np.abs(told - came), cap)
                score = float(np.median(off)) / cap
                if score < best.residual:
                    best = replace(window, residual=score)
        yield best

    def _whole_dates(self) -> Whole | None:
        """Rows of some dates with all their tickers, None where dates have few."""
        date = self.placed.time[self.placed.position[self.rows]]
        unique, counts = np.unique(date, return_counts=True)
        full = unique[counts >= 4]
        if len(full) < 20:
            return None
        chosen = full[spread_rows(np.arange(len(full)), 25)]
        rows = self.rows[np.isin(date, chosen)]
        return rows if len(rows) <= 2_500 else None

    def _classes(self, price: str, distinct: Floats) -> Iterator[Window]:
        """The side of a threshold on which a return lies."""
        values = self.values
        labels = [values > cut for cut in (distinct[:-1] + distinct[1:]) / 2]
        rows = spread_rows(self.rows, 4 * SCREENED)
        pairs = [(0, h) for h in range(1, self.longest + 1)]
        pairs += [(-h, 0) for h in range(1, self.longest + 1)]
        near = self.claimed or 1
        pairs += [(s, s + near) for s in range(-near - SHIFTS, SHIFTS + 1) if s]
        starts, ends = np.array([p[0] for p in pairs]), np.array([p[1] for p in pairs])
        before, after = int(starts.min()), int(ends.max())
        grid = _grid(self.placed.closes[price], self.placed, rows, before, after)
        move = grid[:, ends - before] - grid[:, starts - before]
        wrong = np.max([_misplaced(label[rows], move) for label in labels], axis=0)
        best = int(np.argmin(wrong))
        if wrong[best] > 0.1:
            return
        found = Window(int(starts[best]), int(ends[best]), "class", 1.0, price=price)
        all_moves = moves(self.placed, found, self.many)[:, None]
        sides = [_misplaced(label[self.many], all_moves)[0] for label in labels]
        yield replace(found, residual=float(np.max(sides)))


def _misplaced(label: np.ndarray, move: Floats) -> Floats:
    """For each column the share of rows on the wrong side of its best threshold.

    In units of the rarer class, so that a rare class is not matched by ignoring it; rows
    without a move count as wrong.
    """
    order = np.argsort(move, axis=0)
    high = label[order]
    total = high.sum(axis=0)
    rarer = np.minimum(total, len(label) - total)
    below = np.cumsum(high, axis=0)
    above_low = (len(label) - total) - (np.arange(1, len(label) + 1)[:, None] - below)
    wrong = np.minimum((below + above_low).min(axis=0), (~label).sum())
    wrong = wrong + (~np.isfinite(move)).sum(axis=0)
    return np.where(rarer >= 10, wrong / np.maximum(rarer, 1), 1.0)


def _less_date_mean(values: Floats, date: Whole) -> Floats:
    _, group = np.unique(date, return_inverse=True)
    known = np.isfinite(values)
    sums = np.bincount(group, np.where(known, values, 0.0))
    counts = np.bincount(group, known)
    return values - (sums / np.maximum(counts, 1))[group]


def _grid(prices: Array, placed: Placed, rows: Whole, before: int, after: int) -> Floats:
    """Log prices at all offsets from `before` to `after`, a row a row."""
    bar = placed.position[rows][:, None]
    there = bar + np.arange(before, after + 1)
    inside = (there >= placed.first[bar]) & (there <= placed.last[bar])
    return np.where(inside, prices[np.clip(there, 0, len(prices) - 1)], np.nan)
