"""Rows of a large feature table that stand for all of them, from the one pass that checks share."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

SPREAD_ROWS = 100_000
"""Most rows in `spread`: a correlation is then known to 0.003, a share to 0.0016 (1 / sqrt n)."""
SERIES_ROWS = 100_000
"""Most rows in `series`, unless one ticker alone has more."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A bounded part of a feature table, under the file's own column names, keys included.

    `spread` holds every `step`-th row of the file, in its order; the first row is among them.
    `series` holds whole tickers, spread over all of them, sorted by ticker and time; of a table
    without tickers the last rows, sorted by time where it has one. Both hold the whole table
    when it is small.
    """

    spread: pl.DataFrame = field(repr=False)
    step: int
    series: pl.DataFrame = field(repr=False)
