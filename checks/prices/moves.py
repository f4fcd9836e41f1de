"""How far tickers move from bar to bar."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

    from ml_debugger.artifacts import Bars


def move_sizes(growth: pl.Series) -> pl.Series:
    """Sizes of moves as returns, cut at 1 so that one wrong price does not outweigh the rest."""
    import polars as pl

    size = (pl.col(growth.name) - 1).abs().fill_nan(0.0).fill_null(0.0).clip(upper_bound=1.0)
    return growth.to_frame().select(size.alias("move")).to_series()


def mean_by_ticker(values: pl.Series, bars: Bars) -> pl.Series:
    """The mean of a value of every bar by ticker, in the order of the tickers' numbers."""
    import polars as pl

    first = bars.starts
    stop = first.shift(-1, fill_value=bars.frame.height)
    # differences of a running sum cost a tenth of grouping
    summed = pl.concat([pl.Series([0.0]), values.cum_sum()])
    return (summed.gather(stop) - summed.gather(first)) / (stop - first).cast(pl.Float64)
