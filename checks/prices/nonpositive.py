"""Prices of zero and below: where they stand in a row, and which series may have them by right."""

from __future__ import annotations

from typing import TYPE_CHECKING

from checks.prices.spans import within

if TYPE_CHECKING:
    import polars as pl

    from ml_debugger.artifacts import Bars, PriceTable

PRICES = ("open", "high", "low", "close", "adj_close")
LOWEST = 0.05
"""The lowest twentieth of a series shows whether its steps can reach zero."""
REACHING = 0.1
"""Usual step over level there: a yield of 0.1 % steps by 0.01 or more, a price by 1 to 5 %."""
SIGNED, CHANGES = 0.2, 0.1
"""A series below zero on a fifth of its bars that seldom changes sign is a spread or a rate."""


def nonpositive(bars: Bars) -> pl.DataFrame:
    """Runs of prices of zero or below, by ticker and column, that the series has not by right.

    Columns: `ticker`, `column`, `row` of the first bar, `start` and `end` (times), `bars` in the
    run, `of` how many of the ticker, `leading` and `trailing` (at an end of its life), `negative`
    (any price below zero in it) and the first `price` of it.

    A series has them by right where its own steps reach zero (yields, spreads, returns, coins of
    a fraction of a tick), where it is negative a fifth of the time, and where a bar crosses zero
    within its own range, as crude oil did on 2020-04-20.
    """
    import polars as pl

    columns = [c for c in PRICES if c in bars.names]
    found = [_runs(bars, c) for c in columns if _any(bars, c)]
    if not found:
        return pl.DataFrame(
            schema={
                "ticker": pl.String,
                "column": pl.String,
                "row": pl.Int64,
                "start": bars.frame.schema["time"],
                "end": bars.frame.schema["time"],
                "bars": pl.Int64,
                "of": pl.Int64,
                "leading": pl.Boolean,
                "trailing": pl.Boolean,
                "negative": pl.Boolean,
                "price": pl.Float64,
            }
        )
    return pl.concat(found)


def bars_within(prices: PriceTable, runs: pl.DataFrame) -> pl.DataFrame:
    """Every bar of the runs: `ticker`, `time`, `column` and the price as `detail`."""
    import polars as pl

    parts = []
    for (name,), some in runs.group_by("column", maintain_order=True):
        column = pl.col(str(name))
        low = prices.frame.filter(column <= 0).select("ticker", "time", column.alias("detail"))
        parts.append(
            within(low, some.select("ticker", "start", "end")).select(
                "ticker", "time", pl.lit(name).alias("column"), pl.col("detail").cast(pl.String)
            )
        )
    return pl.concat(parts)


def _any(bars: Bars, column: str) -> bool:
    least = bars.frame[column].min()
    return isinstance(least, float) and least <= 0


def _runs(bars: Bars, column: str) -> pl.DataFrame:
    import polars as pl

    frame = bars.frame
    wrong = (frame[column] <= 0) & ~_crossing(bars)
    rows = wrong.fill_null(False).arg_true()
    number = bars.number.gather(rows)
    marked = pl.DataFrame({"row": rows.cast(pl.Int64), "number": number}).with_columns(
        value=frame[column].gather(rows)
    )
    marked = marked.join(_by_right(bars, column, number.unique()), on="number", how="anti")
    broken = (pl.col("row") != pl.col("row").shift() + 1) | (
        pl.col("number") != pl.col("number").shift()
    )
    runs = (
        marked.with_columns(run=broken.fill_null(True).cum_sum())
        .group_by("run", maintain_order=True)
        .agg(
            pl.col("number").first(),
            pl.col("row").first(),
            pl.len().cast(pl.Int64).alias("bars"),
            (pl.col("value").min() < 0).alias("negative"),
            pl.col("value").first().alias("price"),
        )
        .join(_lives(bars), on="number", maintain_order="left")
    )
    last = runs["row"] + runs["bars"] - 1
    return runs.select(
        frame["ticker"].gather(runs["row"]).alias("ticker"),
        pl.lit(column).alias("column"),
        "row",
        frame["time"].gather(runs["row"]).alias("start"),
        frame["time"].gather(last).alias("end"),
        "bars",
        "of",
        (pl.col("row") == pl.col("first")).alias("leading"),
        (last == runs["first"] + runs["of"] - 1).alias("trailing"),
        "negative",
        "price",
    )


def _lives(bars: Bars) -> pl.DataFrame:
    """For each ticker its number, its first row and how many bars it has."""
    import polars as pl

    starts = bars.starts.cast(pl.Int64)
    ends = starts.shift(-1, fill_value=bars.frame.height)
    return pl.DataFrame({"first": starts, "of": ends - starts}).with_columns(
        pl.int_range(pl.len(), dtype=pl.UInt32).alias("number")
    )


def _crossing(bars: Bars) -> pl.Series:
    """Bars that trade through zero within their own range, at more than one of their prices."""
    import polars as pl

    if len(bars.ohlc) < 4:
        return pl.repeat(False, bars.frame.height, eager=True)
    opened, high, low, close = (pl.col(c) for c in ("open", "high", "low", "close"))
    inside = pl.all_horizontal(p.is_between(low, high) for p in (opened, close))
    through = (high > 0) & (low < 0) & ((opened < 0) | (close < 0))
    return bars.frame.select((inside & through).fill_null(False)).to_series()


def _by_right(bars: Bars, column: str, numbers: pl.Series) -> pl.DataFrame:
    """Those of the tickers (by number) whose series may be zero or below."""
    import polars as pl

    value, before = pl.col(column), pl.col(column).shift()
    together = (pl.col("number") == pl.col("number").shift()) & (value * before > 0)
    series = (
        bars.frame.select(column)
        .with_columns(bars.number)
        .filter(bars.number.is_in(numbers.implode()))
        .filter(value.is_finite())
        .with_columns(
            pl.when(together).then((value - before).abs()).alias("step"), value.abs().alias("size")
        )
    )
    sized = pl.col("size") > 0
    shares = series.group_by("number").agg(
        (value < 0).mean().alias("below"),
        (value * before < 0).mean().alias("changes"),
        pl.col("size").filter(sized).quantile(LOWEST).alias("floor"),
    )
    near = (
        series.join(shares, on="number")
        .filter(sized & (pl.col("size") <= pl.col("floor")))
        .group_by("number")
        .agg((pl.col("step").mean() / pl.col("size").mean()).alias("reach"))
    )
    signed = (pl.col("below") >= SIGNED) & (pl.col("changes") < CHANGES)
    if column == "adj_close":
        signed = pl.lit(False)
    return (
        shares.join(near, on="number", how="left")
        .filter((pl.col("reach") >= REACHING) | signed)
        .select("number")
    )
