"""What the looks at exactly scaled columns share: the table, and what they found."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

    from checks.leakage.training_rows import TrainingRows

LEAST_ROWS = 30
"""Fewer rows come near any moments by chance."""
LEAST_SHARE = 0.9
"""Of the tickers, or dates, that must be exact one by one: the shortest may be left out."""
MOST_EXAMINED = 10
"""Columns looked at closely in one way: a scaler scales many, and they prove the same."""
GLANCE = 5_000
"""Sampled values that tell whether a column is worth a closer look: they know a mean to 0.014."""
DOUBLE, SINGLE = 1e-6, 1e-5
"""What arithmetic on millions of numbers loses, for 64 and for 32 bits."""


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


@dataclass(frozen=True)
class Table:
    """One table, its training rows, and rows of it that are spread over all."""

    rows: TrainingRows
    sample: pl.DataFrame = field(repr=False)
    ticker: str | None
    time: str | None

    @property
    def columns(self) -> list[str]:
        """The features that hold fractions."""
        have = self.sample.schema
        return [c for c in self.rows.columns if c in have and have[c].is_float()]

    def near(self, columns: Iterable[str], looks: Callable[[pl.Series], bool]) -> list[str]:
        """The columns whose sampled values look like something."""
        import polars as pl

        found = []
        for column in columns:
            values = self.sample[column].gather_every(max(1, self.sample.height // GLANCE))
            values = values.cast(pl.Float64)
            values = values.filter(values.is_finite().fill_null(value=False))
            if len(values) >= LEAST_ROWS and looks(values):
                found.append(column)
        return found

    def tolerance(self, column: str) -> float:
        """What storing may have changed in a mean or a spread near 1.

        Values rounded to a unit u shift a mean by u / sqrt(12 n) and a variance by u**2 / 12.
        """
        import numpy as np
        import polars as pl

        base = DOUBLE if self.sample.schema[column] == pl.Float64 else SINGLE
        values = self.sample[column].head(2_000).cast(pl.Float64).drop_nulls().to_numpy()
        for places in range(1, 7):
            scaled = values * 10**places
            if len(values) and np.abs(np.round(scaled) - scaled).max() < 1e-6:
                unit = 10.0**-places
                return float(base + unit**2 / 12 + 4 * unit / (12 * self.sample.height) ** 0.5)
        return base


def finite(column: str) -> pl.Expr:
    """The finite values of a column; the others are null."""
    import polars as pl

    values = pl.col(column).cast(pl.Float64)
    return pl.when(values.is_finite()).then(values)
