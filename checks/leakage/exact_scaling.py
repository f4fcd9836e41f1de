"""Columns whose moments or extremes are exactly those that a scaler leaves on its own rows."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

    from checks.leakage.training_rows import TrainingRows

LEAST_ROWS = 30
"""Fewer rows come near any moments by chance."""
LEAST_SHARE = 0.9
"""Of the tickers, or dates, that must be exact one by one: the shortest may be left out."""
MOST_EXAMINED = 20
"""Columns looked at closely in one table: a scaler scales many, and they prove the same."""
DOUBLE, SINGLE = 1e-6, 1e-5
"""What arithmetic on millions of numbers loses, for 64 and for 32 bits."""
RANGES = ((0.0, 1.0), (-1.0, 1.0))
_BOUNDED = re.compile(
    r"rsi|stoch|will|mfi|aroon|adx|cmo|imi|bop|percent|pct|rank|quantile|prob|share|sin|cos|corr"
    r"|sentiment|score|weight|flag|^is_|^has_|dummy|onehot|signal|regime|label|target|position"
)
"""Names of what lies between bounds by definition."""

STANDARD, MIN_MAX, ROBUST = "mean 0 and std 1", "extremes {0:g} and {1:g}", "median 0 and IQR 1"


@dataclass(frozen=True)
class Exact:
    """A column that is exactly scaled over all rows, or ticker by ticker over all of its rows.

    `beyond` tells that it is not so over any of the training parts, so that the scaler must have
    seen more than these. `alone` marks extremes, which a bounded indicator may reach by itself.
    """

    column: str
    how: str
    by_ticker: bool
    beyond: bool
    alone: bool = False

    @property
    def words(self) -> str:
        """How it is scaled, in words."""
        return self.how + (" per ticker" if self.by_ticker else "")


def exactly_scaled(
    rows: TrainingRows,
    sample: pl.DataFrame,
    means: Mapping[str, float],
    ticker: str | None,
    time: str | None,
) -> list[Exact]:
    """The columns of a table that are exactly scaled, cheapest looks first.

    `sample` holds rows spread over all, or all of them; `means` are those over all rows, by
    column, looked up where they are not given.
    """
    columns = [c for c in rows.columns if c in sample.columns and sample.schema[c].is_float()]
    look = _Look(rows, sample, means, ticker, time)
    found = look.standard(columns)
    taken = {exact.column for exact in found}
    found += look.robust([c for c in columns if c not in taken])
    taken |= {exact.column for exact in found}
    return found + look.min_max([c for c in columns if c not in taken])


class _Look:
    """One table, its training rows and a sample of it."""

    def __init__(
        self,
        rows: TrainingRows,
        sample: pl.DataFrame,
        means: Mapping[str, float],
        ticker: str | None,
        time: str | None,
    ) -> None:
        self.rows = rows
        self.sample = sample
        self.means = means
        self.ticker = ticker
        self.time = time

    def standard(self, columns: Sequence[str]) -> list[Exact]:
        """Mean 0 and standard deviation 1."""
        near = self._near(columns, _moments_near)
        means = self.means or (self._means(near) if near else {})
        zero = [c for c in near if abs(means[c]) <= 10 * self._tolerance(c)][:MOST_EXAMINED]
        if not zero:
            return []

        def moments(column: str, rows: pl.Expr | None) -> list[pl.Expr]:
            values = _finite(column) if rows is None else _finite(column).filter(rows)
            return [values.count().alias("n"), values.mean().alias("a"), values.std().alias("b")]

        found = self._judged(zero, STANDARD, moments, _is_standard)

        def filled(column: str, rows: pl.Expr | None) -> list[pl.Expr]:
            values = _finite(column) if rows is None else _finite(column).filter(rows)
            # the gaps of a scaled column are often filled with its mean
            values = values.filter(values != 0)
            return [values.count().alias("n"), values.mean().alias("a"), values.std().alias("b")]

        left = [c for c in zero if c not in {exact.column for exact in found}]
        return found + self._judged(left, STANDARD, filled, _is_standard)

    def robust(self, columns: Sequence[str]) -> list[Exact]:
        """Median 0 and interquartile range 1."""
        near = self._near(columns, _quartiles_near)[:MOST_EXAMINED]

        def quartiles(column: str, rows: pl.Expr | None) -> list[pl.Expr]:
            values = _finite(column) if rows is None else _finite(column).filter(rows)
            high, low = values.quantile(0.75, "linear"), values.quantile(0.25, "linear")
            return [
                values.count().alias("n"),
                values.median().alias("a"),
                (high - low).alias("b"),
            ]

        return self._judged(near, ROBUST, quartiles, _is_robust) if near else []

    def _judged(
        self,
        columns: Sequence[str],
        how: str,
        ask: Callable[[str, pl.Expr | None], list[pl.Expr]],
        is_exact: Callable[[float, float, float, float], bool],
    ) -> list[Exact]:
        """Those that are exact over all rows, and whether they are so over the training rows."""
        found: list[Exact] = []
        for by in dict.fromkeys((None, self.ticker)):
            left = [c for c in columns if c not in {exact.column for exact in found}]
            if not left:
                break
            judge = self._exact_in(left, by, None, ask, is_exact)
            exact = [c for c in left if judge[c]]
            within: set[str] = set()
            for part in self.rows.filters if exact else ():
                inside = self._exact_in(exact, by, part, ask, is_exact)
                within |= {c for c in exact if inside[c]}
            if self.time is not None and exact:
                # exact on each date by itself: the cross-section of a day is known on that day
                daily = self._exact_in(exact, self.time, None, ask, is_exact, least=3)
                within |= {c for c in exact if daily[c]}
            found += [Exact(c, how, by is not None, c not in within) for c in exact]
        return found

    def _exact_in(
        self,
        columns: Sequence[str],
        by: str | None,
        part: pl.Expr | None,
        ask: Callable[[str, pl.Expr | None], list[pl.Expr]],
        is_exact: Callable[[float, float, float, float], bool],
        least: int = LEAST_ROWS,
    ) -> dict[str, bool]:
        """Whether each column is exact over a part of the rows, in nine of ten groups."""
        import polars as pl

        asked = [
            expression.alias(f"{position}{name}")
            for position, column in enumerate(columns)
            for name, expression in zip("nab", ask(column, part), strict=True)
        ]
        frame = self.rows.frame
        grouped = frame.select(asked) if by is None else frame.group_by(by).agg(asked)
        table = grouped.collect(engine="streaming")
        judged: dict[str, bool] = {}
        for position, column in enumerate(columns):
            names = [f"{position}{name}" for name in "nab"]
            groups = table.select(names).filter(pl.col(names[0]) >= least).drop_nulls().rows()
            tolerance = self._tolerance(column)
            exact = sum(is_exact(n, a, b, tolerance) for n, a, b in groups)
            judged[column] = bool(groups) and exact >= LEAST_SHARE * len(groups)
        return judged

    def min_max(self, columns: Sequence[str]) -> list[Exact]:
        """Extremes 0 and 1, or -1 and 1, that one row alone reaches, beyond the training rows."""
        named = [c for c in columns if not _BOUNDED.search(c.lower())]
        found: dict[str, Exact] = {}
        for low, high in RANGES:
            near = self._near(named, partial(_within, low=low, high=high))[:MOST_EXAMINED]
            for by in dict.fromkeys((None, self.ticker)):
                for exact in self._extreme(near, low, high, by):
                    known = found.get(exact.column)
                    if known is None or (exact.beyond and not known.beyond):
                        found[exact.column] = exact
        return list(found.values())

    def _extreme(
        self, columns: Sequence[str], low: float, high: float, by: str | None
    ) -> list[Exact]:
        import polars as pl

        if not columns:
            return []
        parts = self.rows.filters if self.rows.stated else self.rows.filters[-1:]
        trained = pl.any_horizontal(*parts) if parts else pl.lit(value=False)
        asked = []
        for position, column in enumerate(columns):
            values = _finite(column)
            at_low = (values - low).abs() <= SINGLE
            at_high = (values - high).abs() <= SINGLE
            for name, expression in (
                ("n", values.count()),
                ("distinct", values.n_unique()),
                ("min", values.min()),
                ("max", values.max()),
                ("low", at_low.sum()),
                ("high", at_high.sum()),
                ("low_in", (at_low & trained).sum()),
                ("high_in", (at_high & trained).sum()),
            ):
                asked.append(expression.alias(f"{position}{name}"))
        frame = self.rows.frame
        grouped = frame.select(asked) if by is None else frame.group_by(by).agg(asked)
        table = grouped.collect(engine="streaming")
        found = []
        for position, column in enumerate(columns):
            tolerance = 1e-9 if self.sample.schema[column] == pl.Float64 else 1e-6
            groups = [
                dict(zip(_EXTREMES, row, strict=True))
                for row in table.select(f"{position}{name}" for name in _EXTREMES).rows()
            ]
            groups = [g for g in groups if g["n"] >= LEAST_ROWS and g["distinct"] >= LEAST_ROWS]
            exact = [
                g
                for g in groups
                if abs(g["min"] - low) <= tolerance and abs(g["max"] - high) <= tolerance
            ]
            if not exact or len(exact) < LEAST_SHARE * len(groups):
                continue
            if by is not None and len(exact) < 3:
                continue
            lone = [g for g in exact if _lone(g)]
            how = MIN_MAX.format(low, high)
            found.append(Exact(column, how, by is not None, bool(lone), alone=True))
        return found

    def _near(self, columns: Iterable[str], near: Callable[[pl.Series], bool]) -> list[str]:
        import polars as pl

        found = []
        for column in columns:
            values = self.sample[column].cast(pl.Float64)
            values = values.filter(values.is_finite().fill_null(value=False))
            if len(values) >= LEAST_ROWS and near(values):
                found.append(column)
        return found

    def _means(self, columns: Sequence[str]) -> dict[str, float]:
        asked = [_finite(c).mean().alias(str(position)) for position, c in enumerate(columns)]
        row = self.rows.frame.select(asked).collect(engine="streaming").row(0)
        return {
            c: float("nan") if value is None else float(value)
            for c, value in zip(columns, row, strict=True)
        }

    def _tolerance(self, column: str) -> float:
        """What storing may have changed in a mean or a spread near 1.

        Values rounded to a unit u shift a mean by u / sqrt(12 n) and a variance by u**2 / 12.
        """
        import polars as pl

        base = DOUBLE if self.sample.schema[column] == pl.Float64 else SINGLE
        values = self.sample[column].cast(pl.Float64).drop_nulls().head(2_000)
        for places in range(1, 7):
            if ((values * 10**places).round() - values * 10**places).abs().max() < 1e-6:
                unit = 10.0**-places
                return float(base + unit**2 / 12 + 4 * unit / (12 * self.sample.height) ** 0.5)
        return base


_EXTREMES = ("n", "distinct", "min", "max", "low", "high", "low_in", "high_in")


def _lone(group: dict[str, float]) -> bool:
    """Whether an extreme that one row alone reaches lies beyond the training rows."""
    return (group["low"] == 1 and group["low_in"] == 0) or (
        group["high"] == 1 and group["high_in"] == 0
    )


def _finite(column: str) -> pl.Expr:
    import polars as pl

    values = pl.col(column).cast(pl.Float64)
    return pl.when(values.is_finite()).then(values)


def _moments_near(values: pl.Series) -> bool:
    """Whether a sample may come from a column of mean 0 and spread 1, heavy tails included."""
    mean, spread = values.mean(), values.std()
    if not isinstance(mean, float) or not isinstance(spread, float):
        return False
    return abs(mean) < 0.25 and 0.5 < spread < 1.5


def _quartiles_near(values: pl.Series) -> bool:
    low, middle, high = (values.quantile(q, "linear") or 0.0 for q in (0.25, 0.5, 0.75))
    return abs(middle) < 0.15 and 0.8 < high - low < 1.25


def _within(values: pl.Series, low: float, high: float) -> bool:
    """Whether values lie between bounds, come near both, and are no few classes."""
    least, most = values.min(), values.max()
    if not isinstance(least, float) or not isinstance(most, float):
        return False
    inside = low - SINGLE <= least and most <= high + SINGLE
    return inside and most - least > 0.3 and values.n_unique() >= LEAST_ROWS


def _is_standard(rows: float, mean: float, spread: float, tolerance: float) -> bool:
    population = spread * ((rows - 1) / rows) ** 0.5
    return abs(mean) <= tolerance and min(abs(spread - 1), abs(population - 1)) <= tolerance


def _is_robust(rows: float, middle: float, spread: float, tolerance: float) -> bool:  # noqa: ARG001
    return abs(middle) <= tolerance and abs(spread - 1) <= tolerance
