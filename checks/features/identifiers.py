"""Columns that name rows or tickers by numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from checks.features.named import is_key
from checks.features.timeline import numbers
from ml_debugger.artifacts import FeatureTable

if TYPE_CHECKING:
    import polars as pl

FIRST_ROWS = 1_000
LEAST_TICKERS = 5
DENSE = 2.0
"""Numbers given one after the other span hardly more than there are tickers."""


def identifiers(features: FeatureTable, rows: pl.DataFrame, columns: list[str]) -> dict[str, str]:
    """Columns of whole numbers that name a row or a ticker, and which of them."""
    import numpy as np

    start = rows.head(FIRST_ROWS)
    found = {}
    for name in columns:
        head = numbers(start, name)
        if not _whole(head):
            continue
        values = numbers(rows, name)
        if not _whole(values):
            continue
        if is_key(name) and np.isfinite(values).all() and np.all(np.diff(values) > 0):
            found[name] = "row"
        elif features.ticker is not None and _per_ticker(rows, features.ticker, name):
            found[name] = "ticker"
    return found


def _whole(values: object) -> bool:
    import numpy as np

    known = np.asarray(values)[np.isfinite(values)]  # type: ignore[call-overload]
    return bool(len(known) and np.all(known == np.rint(known)))


def _per_ticker(rows: pl.DataFrame, ticker: str, name: str) -> bool:
    """Whether every ticker has one number of its own, by order or by a name that says so."""
    import polars as pl

    value = pl.col(name)
    spans = rows.lazy().select(ticker, value).drop_nulls().group_by(ticker)
    low, high = value.min().alias("low"), value.max().alias("high")
    facts = spans.agg(low, high).collect()
    if facts.height < LEAST_TICKERS or not facts["low"].equals(facts["high"]):
        return False
    if facts["low"].n_unique() < facts.height:
        return False
    span = facts["low"].max() - facts["low"].min()  # type: ignore[operator]
    return is_key(name) or float(span) <= DENSE * facts.height  # type: ignore[arg-type]
