"""What the experiments have shown of one column."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ml_debugger.artifacts.recomputed import Change
from ml_debugger.probes.feature_function.compare import Comparison
from ml_debugger.probes.feature_function.exchange import Column
from ml_debugger.probes.feature_function.sample import Array, Sample


@dataclass(frozen=True)
class _Seen:
    """What changed in one experiment: in how many tickers, and the first row with its values."""

    cut: int
    tickers: int
    first: int
    with_future: str
    without: str
    reach: int
    altered: bool


class Trace:
    """Gathers the differences of one column from its first run, experiment by experiment."""

    def __init__(self, sample: Sample, base: Column, noise: Array | None = None) -> None:
        self.comparison = Comparison(base, noise)
        self._sample = sample
        self._seen: list[_Seen] = []
        self._compared = np.zeros(sample.rows, dtype=bool)
        self._changed = np.zeros(sample.rows, dtype=bool)
        self._there = ~base.missing
        self.random = False
        self.cuts = 0
        self.altered = 0
        self.sources: list[str] = []

    @property
    def base(self) -> Column:
        """The column of the first run, on all rows."""
        return self.comparison.base

    @property
    def leaks(self) -> bool:
        """Whether past rows changed."""
        return bool(self._seen)

    @property
    def rows(self) -> int:
        """How many rows with values were compared."""
        return int((self._compared & self._there).sum())

    @property
    def unstable_rows(self) -> int:
        """How many of these change with the last digits of the input."""
        return int((self._compared & self._there & self.comparison.unstable).sum())

    @property
    def scattered(self) -> bool:
        """Whether a column of rough numbers changed here and there, as rounding does.

        What reaches ahead changes at most boundaries and in most tickers.
        """
        if not self._seen or not self.comparison.rough:
            return False
        wide = {s.cut for s in self._seen if 2 * s.tickers >= len(self._sample.tickers)}
        return 2 * len(wide) < self.cuts

    def changed_at(self, cut: int) -> bool:
        """Whether an experiment at this cut changed past rows."""
        return any(seen.cut == cut for seen in self._seen)

    def cut_off(self, cut: int, column: Column) -> bool:
        """Compare with a run on the rows up to a cut.

        Returns whether tickers lost all their values: the function may ask for a least number
        of rows, which a run with another future has to tell from a leak.
        """
        past = self._sample.time <= cut
        differ = self.comparison.differ(column, past)
        lost = self._lost(past, column)
        self._note(cut, past, differ & ~lost, column.values)
        self.cuts += bool(np.any(~column.missing | self._there[past]))
        return bool(np.any(lost))

    def with_other_future(self, cut: int, column: Column) -> None:
        """Compare the past rows of a run on all rows, of which the later ones were altered."""
        past = self._sample.time <= cut
        self.altered += 1
        differ = self.comparison.differ(column)[past]
        self._note(cut, past, differ, column.values[past], altered=True)

    def _lost(self, past: Array, column: Column) -> Array:
        tickers = self._sample.ticker[past]
        count = len(self._sample.tickers)
        now = np.bincount(tickers, ~column.missing, count)
        before = np.bincount(tickers, self._there[past], count)
        return np.asarray(((now == 0) & (before > 0))[tickers])

    def _note(
        self, cut: int, past: Array, differ: Array, values: Array, *, altered: bool = False
    ) -> None:
        rows = np.flatnonzero(past)
        self._compared |= past
        if not differ.any():
            return
        changed = rows[differ]
        self._changed[changed] = True
        distance = distances(self._sample, cut)
        first = int(np.argmin(self._sample.time[changed]))
        self._seen.append(
            _Seen(
                cut,
                len(np.unique(self._sample.ticker[changed])),
                int(changed[first]),
                _shown(self.base.values[changed[first]]),
                _shown(values[differ][first]),
                int(distance[changed].max()),
                altered,
            )
        )

    def change(self, sources: Sequence[str] = ()) -> Change | None:
        """All changes in one; None where nothing changed."""
        if not self._seen:
            return None
        sample = self._sample
        first = min(self._seen, key=lambda seen: (sample.time[seen.first], seen.altered))
        reaches: dict[int, int] = {}
        for seen in self._seen:
            reaches[seen.cut] = max(seen.reach, reaches.get(seen.cut, 0))
        reach = max(reaches.values())
        return Change(
            rows=int(self._changed.sum()),
            ticker=str(sample.tickers[sample.ticker[first.first]]),
            time=sample.when(int(sample.time[first.first])),
            with_future=first.with_future,
            without=first.without,
            cut=sample.when(first.cut),
            reach=reach,
            at_least=list(reaches.values()).count(reach) < 2,
            unit=sample.unit,
            sources=tuple(sources),
            altered=first.altered,
        )


def distances(sample: Sample, cut: int) -> Array:
    """How far ahead of each row the first row after the cut lies, in rows of its own ticker.

    Where the ticker has no row after the cut, sessions of all tickers count.
    """
    count = len(sample.tickers)
    kept = np.bincount(sample.ticker[sample.time <= cut], minlength=count)
    goes_on = np.bincount(sample.ticker[sample.time > cut], minlength=count) > 0
    starts = np.searchsorted(sample.ticker, np.arange(count))
    rank = np.arange(sample.rows) - starts[sample.ticker]
    own = kept[sample.ticker] - rank
    return np.where(goes_on[sample.ticker], own, cut + 1 - sample.time)


def _shown(value: object) -> str:
    if isinstance(value, float):
        return "missing" if np.isnan(value) else f"{value:.6g}"
    return "missing" if value == "<missing>" else str(value)
