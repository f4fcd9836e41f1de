"""Which offsets from UTC are written with the times of a table."""

from __future__ import annotations

import polars as pl

from ml_debugger.readers.tables.keys import Keys
from ml_debugger.readers.tables.table import Table


def offsets_of(table: Table, keys: Keys, ticker: pl.Expr | None) -> dict[str, dict[str, int]]:
    """How many bars of each ticker carry which offset; together where it is one for all.

    Without a ticker column, as in a wide panel, the column of times is counted once, under an
    empty text. Times without an offset are counted under an empty text too.
    """
    if keys.time is None or keys.time.offset is None:
        return {}
    one = pl.lit("") if ticker is None or keys.time.offsets == 1 else ticker
    offset = keys.time.offset.fill_null("").alias("offset")
    counts = (
        table.frame.select(one.alias("ticker"), offset)
        .group_by("ticker", "offset")
        .len()
        .sort("ticker", "offset")
        .collect(engine="streaming")
    )
    found: dict[str, dict[str, int]] = {}
    for name, text, bars in counts.rows():
        found.setdefault(name or "", {})[text] = bars
    return found
