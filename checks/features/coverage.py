"""Where in time a feature has values: the periods at the ends of a table that lack them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from checks.features.timeline import Timeline

if TYPE_CHECKING:
    import numpy as np

    Bools = np.ndarray[tuple[int, ...], np.dtype[np.bool_]]
    Floats = np.ndarray[tuple[int, ...], np.dtype[np.float64]]
    Ints = np.ndarray[tuple[int, ...], np.dtype[np.int64]]

PERIODS = 24
"""Periods that the time of a table is cut into."""
EMPTY = 0.05
"""Share of the usual coverage up to which a period counts as empty."""
STEADY = 0.5
"""Share of the usual coverage that a covered period has at least."""
REGULAR = 0.9
"""Share of the covered periods that must be steady: a source with a rhythm of its own is none."""
LEAST_VALUES = 5
"""Values in a usual period, below which a period without any is chance."""
YOUNG_ROWS = 20
"""Rows of tickers that began later, from which on they tell a warm-up from a late source."""


@dataclass(frozen=True)
class Lapse:
    """A stretch without values at one end of the table.

    `step` is the first step with values (for "before") or the first one without (for "after").
    `share` is the share of the rows on the empty side.
    """

    side: Literal["before", "after"]
    step: int
    share: float


@dataclass(frozen=True, eq=False)
class Periods:
    """The rows of a sample by period of time, and what is needed to know a warm-up."""

    line: Timeline
    period: Ints
    rows: Floats
    age: Ints

    @classmethod
    def of(cls, line: Timeline, every: int) -> Periods:
        """Cut a timeline into periods; `every` is the step of the sample."""
        import numpy as np

        period = line.steps * PERIODS // max(line.count, 1)
        order = np.lexsort((line.steps, line.tickers))
        tickers = line.tickers[order]
        starts = np.flatnonzero(np.diff(tickers, prepend=-1))
        sizes = np.diff(starts, append=len(tickers))
        age = np.empty(len(tickers), np.int64)
        age[order] = (np.arange(len(tickers)) - np.repeat(starts, sizes)) * every
        rows = np.bincount(period, minlength=PERIODS).astype(np.float64)
        return cls(line, period, rows, age)

    def lapses(self, present: Bools, warm_up: int) -> list[Lapse]:
        """The lapses of a feature; `warm_up` is the longest window that it may have, in rows."""
        import numpy as np

        held = np.bincount(self.period[present], minlength=PERIODS)
        with np.errstate(invalid="ignore", divide="ignore"):
            share = np.where(self.rows > 0, held / self.rows, np.nan)
        if not present.any() or np.isnan(share).any():
            return []
        usual = float(np.median(share[share > EMPTY * share.max()]))
        empty = share <= EMPTY * usual
        if empty.all() or np.median(held[~empty]) < LEAST_VALUES:
            return []
        first, last = int(np.argmin(empty)), PERIODS - 1 - int(np.argmin(empty[::-1]))
        # the first and the last covered period may be covered in part
        inner = share[first + 1 : last]
        if len(inner) < 3 or np.mean(inner >= STEADY * usual) < REGULAR:
            return []
        steps = self.line.steps
        found = []
        if first > 0:
            begin = _edge(steps[present], self.line.count, first=True)
            if self._late(present, begin, warm_up):
                found.append(Lapse("before", begin, float(np.mean(steps < begin))))
        if last < PERIODS - 1:
            end = _edge(steps[present], self.line.count, first=False) + 1
            found.append(Lapse("after", end, float(np.mean(steps >= end))))
        return found

    def _late(self, present: Bools, begin: int, warm_up: int) -> bool:
        """Whether the source begins at a date, and no window fills up at the start of tickers."""

        before = self.line.steps < begin
        # the oldest tickers waited longest: a window is at least as long for all
        waited = int(self.age[before].max()) if before.any() else 0
        young = ~before & (self.age < 0.8 * waited)
        if young.sum() >= YOUNG_ROWS:
            return bool(present[young].mean() >= STEADY * present[~before].mean())
        return waited > warm_up


def _edge(steps: Ints, count: int, *, first: bool) -> int:
    """The first or last step that has values, but for one in a thousand that strayed."""
    import numpy as np

    held = np.cumsum(np.bincount(steps, minlength=count))
    strays = 0.001 * held[-1]
    if first:
        return int(np.searchsorted(held, strays, side="right"))
    return int(np.searchsorted(held, held[-1] - strays, side="left"))
