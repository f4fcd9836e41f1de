"""Columns whose moments are exactly those that a scaler leaves on the rows it was fitted on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from checks.leakage.exact_column import (
    LEAST_ROWS,
    LEAST_SHARE,
    MOST_EXAMINED,
    Exact,
    Table,
    finite,
)

if TYPE_CHECKING:
    import polars as pl

MOST_DATES = 100
"""Dates of which the cross-sections are looked at, spread over all."""
FILLED = 0.001
"""Share of zeros from which on they are taken for gaps that were filled with the mean."""


@dataclass(frozen=True)
class _Way:
    """A way of scaling: the centre and the spread that it leaves, and when these are exact.

    `numbers` gives the expressions of both over values; `exact` is told the number of values,
    both numbers and a tolerance.
    """

    words: str
    numbers: Callable[[pl.Expr], tuple[pl.Expr, pl.Expr]]
    exact: Callable[[float, float, float, float], bool]
    without_zeros: bool = False


def exact_moments(table: Table, columns: Sequence[str], means: Mapping[str, float]) -> list[Exact]:
    """The columns of mean 0 and spread 1, or of median 0 and interquartile range 1.

    `means` are those over all rows, by column, looked up where they are not given.
    """
    near = table.near(columns, _moments_near)
    known = means or (_means(table, near) if near else {})
    zero = [c for c in near if abs(known[c]) <= table.tolerance(c)][:MOST_EXAMINED]
    found = _judged(table, zero, _STANDARD)
    taken = {exact.column for exact in found}
    filled = table.near([c for c in zero if c not in taken], _has_zeros)
    found += _judged(table, filled, _FILLED)
    taken = {exact.column for exact in found}
    quartiles = table.near([c for c in columns if c not in taken], _quartiles_near)
    return found + _judged(table, quartiles[:MOST_EXAMINED], _ROBUST)


def _judged(table: Table, columns: Sequence[str], way: _Way) -> list[Exact]:
    """Those that are exact over all rows, and whether they are so over the training rows."""
    found: list[Exact] = []
    for by in dict.fromkeys((None, table.ticker)):
        left = [c for c in columns if c not in {exact.column for exact in found}]
        if not left:
            break
        [whole] = _exact_in(table, left, by, [None], way)
        exact = sorted(whole, key=left.index)
        if not exact:
            continue
        within: set[str] = set()
        if table.rows.filters:
            within = set().union(*_exact_in(table, exact, by, table.rows.filters, way))
        within |= _daily(table, exact, way)
        found += [Exact(c, way.words, by is not None, c not in within) for c in exact]
    return found


def _daily(table: Table, columns: Sequence[str], way: _Way) -> set[str]:
    """Columns that are exact on each date by itself: a day's cross-section is known that day."""
    import polars as pl

    if table.time is None:
        return set()
    time = pl.col(table.time)
    days = table.rows.frame.select(time.unique().sort()).collect(engine="streaming")
    chosen = days.gather_every(max(1, days.height // MOST_DATES))[table.time]
    part = table.rows.frame.filter(time.is_in(chosen.implode()))
    [exact] = _exact_in(table, columns, table.time, [None], way, frame=part, least=3)
    return exact


def _exact_in(
    table: Table,
    columns: Sequence[str],
    by: str | None,
    parts: Sequence[pl.Expr | None],
    way: _Way,
    *,
    frame: pl.LazyFrame | None = None,
    least: int = LEAST_ROWS,
) -> list[set[str]]:
    """The columns that are exact over each part of the rows, in nine of ten groups."""
    import polars as pl

    asked = []
    for number, part in enumerate(parts):
        for at, column in enumerate(columns):
            values = finite(column) if part is None else finite(column).filter(part)
            if way.without_zeros:
                values = values.filter(values != 0)
            numbers = (values.count(), *way.numbers(values))
            asked += [e.alias(f"{number}.{at}.{n}") for n, e in enumerate(numbers)]
    rows = table.rows.frame if frame is None else frame
    grouped = rows.select(asked) if by is None else rows.group_by(by).agg(asked)
    result = grouped.collect(engine="streaming")
    found: list[set[str]] = []
    for number in range(len(parts)):
        exact: set[str] = set()
        for at, column in enumerate(columns):
            names = [f"{number}.{at}.{n}" for n in range(3)]
            groups = result.select(names).filter(pl.col(names[0]) >= least).drop_nulls().rows()
            tolerance = table.tolerance(column)
            hits = sum(way.exact(n, a, b, tolerance) for n, a, b in groups)
            if groups and hits >= LEAST_SHARE * len(groups):
                exact.add(column)
        found.append(exact)
    return found


def _means(table: Table, columns: Sequence[str]) -> dict[str, float]:
    asked = [finite(c).mean().alias(str(position)) for position, c in enumerate(columns)]
    row = table.rows.frame.select(asked).collect(engine="streaming").row(0)
    return {
        c: float("nan") if value is None else float(value)
        for c, value in zip(columns, row, strict=True)
    }


def _moments_near(values: pl.Series) -> bool:
    """Whether a sample may come from a column of mean 0 and spread 1, heavy tails included."""
    mean, spread = values.mean(), values.std()
    if not isinstance(mean, float) or not isinstance(spread, float):
        return False
    return abs(mean) < 0.25 and 0.5 < spread < 1.5


def _quartiles_near(values: pl.Series) -> bool:
    low, middle, high = (values.quantile(q, "linear") or 0.0 for q in (0.25, 0.5, 0.75))
    return abs(middle) < 0.15 and 0.8 < high - low < 1.25


def _has_zeros(values: pl.Series) -> bool:
    return bool((values == 0).sum() > FILLED * len(values))


def _moments(values: pl.Expr) -> tuple[pl.Expr, pl.Expr]:
    return values.mean(), values.std()


def _quartiles(values: pl.Expr) -> tuple[pl.Expr, pl.Expr]:
    spread = values.quantile(0.75, "linear") - values.quantile(0.25, "linear")
    return values.median(), spread


def _is_standard(rows: float, mean: float, spread: float, tolerance: float) -> bool:
    population = spread * ((rows - 1) / rows) ** 0.5
    return abs(mean) <= tolerance and min(abs(spread - 1), abs(population - 1)) <= tolerance


def _is_robust(rows: float, middle: float, spread: float, tolerance: float) -> bool:  # noqa: ARG001
    return abs(middle) <= tolerance and abs(spread - 1) <= tolerance


_STANDARD = _Way("mean 0 and std 1", _moments, _is_standard)
_FILLED = _Way("mean 0 and std 1", _moments, _is_standard, without_zeros=True)
_ROBUST = _Way("median 0 and IQR 1", _quartiles, _is_robust)
