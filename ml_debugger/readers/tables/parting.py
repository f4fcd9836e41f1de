"""Columns that part one ticker into several series: an exchange, an interval, a vendor."""

from __future__ import annotations

import polars as pl

from ml_debugger.readers.tables.keys import Keys
from ml_debugger.readers.tables.table import Table

SERIES = 200
"""A column with more values than this names rows, not series."""
OVERLAP = 0.05
"""Share of repeated times from which on a ticker holds several series, and no stray duplicates."""
SETTLED = 0.2
"""The share of the repeats that may be left once the series are told apart."""


def parting_columns(table: Table, keys: Keys, ticker: pl.Expr) -> tuple[str, ...]:
    """The text columns without which ticker and time repeat; empty where they do not."""
    if keys.time is None:
        return ()
    texts = [
        column
        for column, kind in table.schema.items()
        if kind in (pl.String, pl.Categorical, pl.Enum) and column not in keys.columns
    ]
    if not texts:
        return ()
    frame = table.frame.select(
        ticker.alias("ticker "), keys.time.expression.alias("time "), *texts
    ).collect(engine="streaming")
    repeats = _repeats(frame, [])
    if repeats <= OVERLAP * frame.height:
        return ()
    parts = [column for column in texts if 1 < frame[column].n_unique() <= SERIES]
    for chosen in ([column] for column in parts):
        if _repeats(frame, chosen) <= SETTLED * repeats:
            return tuple(chosen)
    if parts and _repeats(frame, parts) <= SETTLED * repeats:
        return tuple(parts)
    return ()


def _repeats(frame: pl.DataFrame, columns: list[str]) -> int:
    """Rows beyond the first of each ticker, time and value of the columns."""
    return frame.height - frame.select("ticker ", "time ", *columns).n_unique()
