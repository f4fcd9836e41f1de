"""PRC010 zero-volume."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from checks.prices.wording import plural
from ml_debugger.artifacts import Bars, PriceTable
from ml_debugger.contract import (
    Evidence,
    Gathered,
    Limit,
    Measurement,
    NotMeasured,
    Outcome,
    check,
)

if TYPE_CHECKING:
    import polars as pl

NONE = 0.9
"""Share of a ticker's bars, or of its bars at one hour, without volume: its vendor has none."""
OFTEN = 0.8
"""An hour that has volume in more than four of five weeks is an hour of trading all year."""
LEADING, ERA = 20, 250
"""Bars without volume at the start of a history, or in a row inside it, that are an era."""
ERA_DAYS = 180
"""What an era lasts at least: 250 bars of an hour are an outage of ten days."""
RARE, LEAST_BARS = 0.01, 100
"""A flat bar without volume is a quote, unless they are one in a hundred of a hundred bars."""
RANGE = 1e-6
"""Relative; a range below it is rounding."""
INDEX = r"(?i)^\^|=x$|\.indx$"
"""Names of indices and currencies: their volume is not a trade's."""


def gather(bars: Bars) -> Mapping[str, pl.DataFrame]:
    """`moving` bars without volume, by what they contradict, and the bars with `volume`."""
    import polars as pl

    if "volume" not in bars.names or bars.growth is None:
        return {}
    volume = pl.col("volume")
    without = bars.frame.select((volume <= 0).fill_null(False)).to_series().arg_true()
    columns = [c for c in (*bars.ohlc, "volume") if c in bars.frame.columns]
    zeros = (
        bars.frame.select("ticker", "time", *columns)[without]
        .with_columns(
            without.cast(pl.Int64).alias("row"),
            bars.number.gather(without),
            bars.growth.gather(without),
        )
        .join(_lives(bars), on="number", maintain_order="left")
    )
    moving = _contradicting(_covered(zeros, bars), bars)
    return {
        "moving": moving.select("ticker", "time", "volume", "kind"),
        "volume": pl.DataFrame({"bars": [int((bars.frame["volume"] > 0).sum())]}),
    }


@check(
    code="PRC010",
    name="zero-volume",
    component="data",
    playbook="market-data",
    limits=(
        Limit(
            "moving_bars",
            "bars",
            "above",
            "bars without volume whose price moved",
            "a price moves by trades; measured: 2 in 619,040 bars of a published file",
            warn=0,
        ),
        Limit(
            "negative_volumes",
            "bars",
            "above",
            "bars with a volume below zero",
            "nothing is traded less than not at all: an overflow or a code for missing",
            fail=0,
        ),
    ),
    profiles=("pre-train", "full"),
    gather=gather,
)
def zero_volume(prices: PriceTable, found: Gathered) -> Outcome:
    """The price moved without volume.

    What it measures:
        Bars with a volume of zero that have a range of their own, and negative volumes. A flat
        bar that differs from the last close counts where such bars are one in a hundred of the
        ticker's; else it is a quote. Where the vendor has no volume, nothing is accused: tickers
        without any, indices and currencies by name, the start of a history, years inside it,
        and hours of the day outside trading. Zero volume with an unchanged price is a bar
        without trades and healthy.

    Why it matters:
        Volume features divide by zero or take the logarithm of it, a backtest fills orders where
        nobody traded, and volume-weighted prices lose the bar.

    What to do:
        Read the zero as missing where a second source has a volume. If a vendor reports none for
        half of the bars, leave volume features out.

    Sources:
        Published files: an hourly series with half of its volumes zero while prices moved, and
        bars before and after trading hours that one vendor serves without volume.
    """
    import polars as pl

    if "moving" not in found:
        return NotMeasured("has no volume beside a close")
    if not int(found["volume"]["bars"].sum()) and not found["moving"].height:
        return NotMeasured("has no volume above zero")
    moving = found["moving"]
    negative = moving.filter(pl.col("volume") < 0).height
    values = {"moving_bars": moving.height - negative, "negative_volumes": negative}
    if not moving.height:
        return Measurement(f"No price moves without volume in {prices.rows:,} bars", values)
    tickers = plural(moving["ticker"].n_unique(), "ticker")
    title = f"Price moves without volume in {plural(values['moving_bars'], 'bar')} of {tickers}"
    if negative:
        title = f"Volume below zero in {plural(negative, 'bar')} of {tickers}"
    return Measurement(
        title,
        values,
        tuple(
            Evidence(row["kind"], row["volume"], where=f"{row['ticker']} {row['time']}")
            for row in moving.sort("volume", maintain_order=True).head(5).to_dicts()
        ),
        rows=lambda: moving.select(
            "ticker", "time", pl.lit("volume").alias("column"), pl.col("kind").alias("detail")
        ),
    )


def _lives(bars: Bars) -> pl.DataFrame:
    """For each ticker its number, its first row and how many bars it has."""
    import polars as pl

    first = bars.starts.cast(pl.Int64)
    stop = first.shift(-1, fill_value=bars.frame.height)
    return pl.DataFrame({"first": first, "of": stop - first}).with_row_index("number")


def _covered(zeros: pl.DataFrame, bars: Bars) -> pl.DataFrame:
    """Bars without volume where the vendor has volume otherwise, and those below zero."""
    import polars as pl

    below = pl.col("volume") < 0
    broken = (pl.col("row").diff() != 1).fill_null(True) | (pl.col("number").diff() != 0)
    zeros = zeros.with_columns(
        pl.len().over("number").alias("zeros"), broken.cum_sum().alias("run")
    ).with_columns(
        pl.len().over("run").alias("length"),
        (pl.col("row").first().over("run") == pl.col("first")).alias("leading"),
    )
    span = (pl.col("time").max() - pl.col("time").min()).over("run")
    long = span >= pl.duration(days=ERA_DAYS) if bars.dated else pl.lit(True)
    era = ((pl.col("length") >= ERA) & long) | (pl.col("leading") & (pl.col("length") >= LEADING))
    none = (pl.col("zeros") >= NONE * pl.col("of")) | pl.col("ticker").str.contains(INDEX)
    return _within_hours(zeros.filter(below | ~(era | none)), bars)


def _within_hours(zeros: pl.DataFrame, bars: Bars) -> pl.DataFrame:
    """Without the hours of the day at which a ticker never has volume."""
    import polars as pl

    intraday = isinstance(bars.frame.schema["time"], pl.Datetime) and bars.dated
    if not intraday or not zeros.height:
        return zeros
    # clocks change twice a year, so the hours outside trading are known by week
    time = pl.col("time").dt
    clock, week = time.time().alias("clock"), time.truncate("1w").alias("week")
    usual = (
        bars.frame.select(clock, week, "volume")
        .with_columns(bars.number)
        .filter(bars.number.is_in(zeros["number"].unique().implode()))
        .group_by("number", "clock", "week")
        .agg((pl.col("volume") > 0).mean().alias("filled"))
        .with_columns(pl.col("filled").mean().over("number", "clock").alias("ever"))
    )
    # one clock time for all bars is a daily table, whose hours say nothing
    clocks = pl.col("clock").n_unique().over("number")
    outside = (pl.col("filled") <= 1 - NONE) & (pl.col("ever") <= OFTEN) & (clocks > 2)
    shut = usual.filter(outside).select("number", "clock", "week")
    kept = zeros.with_columns(clock, week).join(shut, on=["number", "clock", "week"], how="anti")
    negative = zeros.filter(pl.col("volume") < 0)
    return pl.concat([kept.select(zeros.columns).filter(pl.col("volume") == 0), negative])


def _contradicting(zeros: pl.DataFrame, bars: Bars) -> pl.DataFrame:
    """Those of the bars without volume whose price moved, and `kind`, what it did."""
    import polars as pl

    moved = (pl.col("growth") - 1).abs() > RANGE
    rare = (pl.col("zeros") <= RARE * pl.col("of")) & (pl.col("of") >= LEAST_BARS)
    ranged, known = pl.lit(False), pl.lit(False)
    if "high" in bars.names and "low" in bars.names:
        ranged = pl.col("high") > pl.col("low") * (1 + RANGE)
        known = (pl.col("low") > 0) & pl.col("high").is_finite()
    elif len(bars.ohlc) < 4:
        rare = pl.col("zeros") <= pl.col("of") * (1 - NONE)
    ranged = (ranged & known).fill_null(False)
    return zeros.with_columns(
        pl.when(pl.col("volume") < 0)
        .then(pl.lit("volume below zero"))
        .when(ranged)
        .then(pl.lit("a range without volume"))
        .when(moved & rare & pl.col("growth").is_finite())
        .then(pl.lit("a new close without volume"))
        .alias("kind")
    ).drop_nulls("kind")
