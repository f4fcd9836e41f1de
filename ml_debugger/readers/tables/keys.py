"""The key columns of a table: which ticker and which time a row is about."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from ml_debugger.readers.tables.columns import TICKER, normal
from ml_debugger.readers.tables.table import Table
from ml_debugger.readers.tables.times import TimeColumn, find_time


@dataclass(frozen=True)
class Keys:
    """The ticker column and the time column, None where the table has none."""

    ticker: str | None
    time: TimeColumn | None

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that the keys are read from."""
        time = self.time.columns if self.time is not None else ()
        return (*((self.ticker,) if self.ticker else ()), *time)


def find_keys(table: Table) -> Keys:
    """The keys of a table."""
    return Keys(_find_ticker(table), find_time(table))


def _find_ticker(table: Table) -> str | None:
    plain: dict[str, str] = {}
    for column in table.columns:
        plain.setdefault(normal(column), column)
    for name in TICKER:
        if name not in plain:
            continue
        column = plain[name]
        kind = table.schema[column]
        values = table.sample[column].drop_nulls()
        if values.is_empty():
            continue
        if kind == pl.String and values.str.len_chars().max() > 40:  # type: ignore[operator]
            continue
        if kind.is_integer() or kind in (pl.String, pl.Categorical, pl.Enum):
            return column
    return None
