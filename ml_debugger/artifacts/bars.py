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
