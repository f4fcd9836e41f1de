"""Which prices of zero stand for missing ones, and which are wrong prices."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

IN_A_ROW, AT_AN_END = 3, 2
"""Zeros in a row that are a block inside a ticker's life, and before or after it."""
SHARE, LEAST = 0.05, 5
"""Zeros scattered over a twentieth of a ticker's bars, five at least, are a habit of its vendor."""
DATE_SHARE, DATE_LEAST = 0.05, 3
"""Tickers with a zero on one date that make it a date without prices: three and a twentieth."""


def split(runs: pl.DataFrame, tickers: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Runs of zeros that stand for missing prices, and the runs that are wrong prices.

    `runs` are those of `nonpositive` over all parts of a table with `tickers` tickers.
    """
    import polars as pl

    bars = pl.col("bars")
    zero = ~pl.col("negative")
    ticker = ("ticker", "column")
    total = bars.filter(zero).sum().over(ticker)
    at_end = (pl.col("leading") | pl.col("trailing")) & (bars >= AT_AN_END)
    habit = (total >= LEAST) & (total >= SHARE * pl.col("of"))
    crowd = pl.col("ticker").filter(zero).n_unique().over("start")
    dated = (bars < IN_A_ROW) & (crowd >= DATE_LEAST) & (crowd >= DATE_SHARE * tickers)
    block = zero & ((bars >= IN_A_ROW) | at_end | habit | dated | (bars == pl.col("of")))
    marked = runs.with_columns(block.fill_null(False).alias("block"))
    return marked.filter("block").drop("block"), marked.filter(~pl.col("block")).drop("block")
