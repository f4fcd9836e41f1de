"""The bars of some whole tickers, in memory and in order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

OHLC = ("open", "high", "low", "close")


@dataclass(frozen=True, eq=False)
class Bars:
    """A part of a price table: all bars of its tickers, sorted by ticker and time.

    `frame` has the canonical columns of the table: `ticker`, `time` and those of `names`.
    A small table is one part; a large one is walked in parts, so that memory stays bounded.
    What checks derive often is here once.
    """

    frame: pl.DataFrame = field(repr=False)
    names: Mapping[str, str]

    @property
    def ohlc(self) -> tuple[str, ...]:
        """Those of open, high, low, close that the table has."""
        return tuple(column for column in OHLC if column in self.names)

    @property
    def dated(self) -> bool:
        """Whether the file has times of its own; else `time` counts rows."""
        return "time" in self.names

    @cached_property
    def same(self) -> pl.Series:
        """For each bar whether the bar before it is of the same ticker (Boolean)."""
        import polars as pl

        ticker = pl.col("ticker")
        return self.frame.select((ticker == ticker.shift()).fill_null(False).alias("same"))["same"]

    @cached_property
    def number(self) -> pl.Series:
        """The number of each bar's ticker, from 0 (UInt32).

        Grouping millions of bars by numbers is ten times faster than by text.
        """
        import polars as pl

        return (~self.same).cum_sum().cast(pl.UInt32).alias("number") - 1

    @cached_property
    def starts(self) -> pl.Series:
        """The rows at which the tickers begin (UInt32)."""
        return (~self.same).arg_true().alias("start")

    @cached_property
    def growth(self) -> pl.Series | None:
        """Each close over the close before it of the same ticker (Float64); None without closes.

        Null at a ticker's first bar. It is exactly 1.0 only where the closes are equal, and
        says nothing of prices where one of them is zero or below. Adjusted closes stand in
        where the table has no others.
        """
        import polars as pl

        column = next((c for c in ("close", "adj_close") if c in self.names), None)
        if column is None:
            return None
        price = pl.col(column)
        return self.frame.select(
            pl.when(self.same).then(price / price.shift()).alias("growth")
        ).to_series()
