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

from ml_debugger.data.column_forms import beyond, forms, many_valued, standard
from ml_debugger.data.innovations import (
    LEADS,
    LEAST_BLOCKS,
    Floats,
    Series,
    Singles,
    Targets,
    blocks_of_time,
)

SUMS = (2, 3, 5, 10, 21)
LONG = 6.0
"""Bars beyond which the correlation that skill may reach grows no further."""
CHANCE = 0.01
"""Probability that chance alone raises any column of a table above its bound."""


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


def relations(names: Sequence[str], columns: Singles, series: Series, tests: int) -> list[Relation]:
    """For each column its strongest relation to returns ahead, and to their sizes, if any bound.

    `columns` has one row a row of `series.position` and one column a name, NaN where missing.
    `tests` is the number of columns tried in all, for which bounds are corrected.
    """
    targets = Targets(series)
    rows = np.flatnonzero(series.position >= 0)
    bar = series.position[rows]
    order, starts = blocks_of_time(series.time[bar])
    outcome = np.ascontiguousarray(targets.at(bar)[order])
    past = np.linalg.qr(targets.past_of(bar)[order])[0]
    blocks = [*starts, len(rows)]
    count = len(starts)
    energy = (outcome**2).sum(axis=0, dtype=np.float64)
    tries = tests * 2 * (LEADS + len(SUMS))
    found: list[Relation] = []
    for form, which, values in forms(columns, rows, bar, series):
        if not len(which):
            continue
        told = np.ascontiguousarray(standard(values, series.ticker[bar])[order])
        told, explained = beyond(told, past)
        parts = np.stack([told[a:b].T @ outcome[a:b] for a, b in pairwise(blocks)])
        power = np.stack([np.einsum("ij,ij->j", told[a:b], told[a:b]) for a, b in pairwise(blocks)])
        products = _Products(parts, power, targets, energy, targets.times / count, tries)
        found += _strongest(
            [names[i] for i in which], form, products, explained, many_valued(values)
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
    targets: Targets
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


def _quantile(tests: int, freedom: int) -> float:
    """Two-sided quantile of Student's t by the expansion of Abramowitz and Stegun, 26.7.5."""
    z = -NormalDist().inv_cdf(CHANCE / 2 / max(1, tests))
    first = (z**3 + z) / 4
    second = (5 * z**5 + 16 * z**3 + 3 * z) / 96
    third = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384
    return z + first / freedom + second / freedom**2 + third / freedom**3
