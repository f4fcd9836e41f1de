"""The lives of tickers: first and last day, and how many bars, in a table or in its folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import TYPE_CHECKING

from ml_debugger.artifacts import Bars, Coverage, PriceTable, Workspace

if TYPE_CHECKING:
    import polars as pl

DAYS_IN_YEAR = 365.25
TRADING_DAY = 1.45
"""Days from one session to the next: 365 days have 252 sessions."""


@dataclass(frozen=True)
class Market:
    """The tickers that belong together: those of one table, or of one folder of single tickers.

    `lives` has a row a ticker: `ticker`, `first` and `last` (Date), `bars`. `tables` is the
    number of tables that they lie in.
    """

    lives: pl.DataFrame = field(repr=False)
    tables: int

    @property
    def spacing(self) -> float:
        """Days from bar to bar of the middle ticker, at least one session."""
        import polars as pl

        days = (pl.col("last") - pl.col("first")).dt.total_days()
        steps = self.lives.filter(pl.col("bars") > 1).select((days / (pl.col("bars") - 1)).median())
        middle = steps.item()
        return max(TRADING_DAY, middle) if isinstance(middle, float) else TRADING_DAY


def lives(bars: Bars) -> Mapping[str, pl.DataFrame]:
    """`lives`: one row a ticker with `first` and `last` day and the number of `bars`."""
    import polars as pl

    if bars.frame["time"].null_count():
        bars = Bars(bars.frame.filter(pl.col("time").is_not_null()), bars.names)
    begins = (~bars.same).arg_true()
    ends = (~bars.same.shift(-1, fill_value=False)).arg_true()
    frame = bars.frame
    return {
        "lives": pl.DataFrame(
            {
                "ticker": frame["ticker"][begins],
                "first": frame["time"][begins].cast(pl.Date),
                "last": frame["time"][ends].cast(pl.Date),
                "bars": ends.cast(pl.Int64) - begins.cast(pl.Int64) + 1,
            }
        ).drop_nulls("ticker")
    }


def market_of(prices: PriceTable, own: pl.DataFrame, workspace: Workspace | None) -> Market | str:
    """The market that a table belongs to, or the table that speaks for it.

    Many projects keep one file a ticker: then the tables of a folder that hold one ticker each
    are one market, and the first of them by name is judged for all.
    """
    import polars as pl

    mates = _mates(prices, workspace) if own.height == 1 else []
    if len(mates) < 2:
        return Market(own, 1)
    speaker = min(mate.path for mate in mates)
    if prices.path != speaker:
        return speaker
    rows = [
        (ticker, mate.start, mate.end, mate.bars)
        for mate in mates
        for ticker in mate.tickers
        if mate.start is not None
    ]
    schema = {"ticker": pl.String, "first": pl.Date, "last": pl.Date, "bars": pl.Int64}
    together = pl.DataFrame(rows, schema=schema, orient="row")
    return Market(
        together.group_by("ticker", maintain_order=True).agg(
            pl.col("first").min(), pl.col("last").max(), pl.col("bars").sum()
        ),
        len(mates),
    )


def _mates(prices: PriceTable, workspace: Workspace | None) -> list[Coverage]:
    if workspace is None or prices.path is None:
        return []
    folder = PurePath(prices.path).parent
    return [
        table
        for table in workspace.prices
        if len(table.tickers) == 1 and PurePath(table.path).parent == folder
    ]
