"""Faults of what bars belong to: the day and hour that they claim, the company and the zone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl

from ml_debugger.data import nyse
from ml_debugger.testing.plant import fault
from ml_debugger.testing.times import same_time

CANDLE = ("open", "high", "low", "close")


@fault("off-calendar-bar")
def off_calendar_bar(workspace: Path, rng: np.random.Generator) -> str:
    """The holidays of one ticker are filled forward, as reindexing to weekdays does."""
    ticker = _a_ticker(workspace, rng)

    def fill(bars: pl.DataFrame) -> pl.DataFrame:
        own = bars.filter(pl.col("ticker") == ticker)
        years = own["date"].dt.year().unique().to_list()
        shut = pl.Series("date", sorted(day for year in years for day in nyse.closures(year)))
        inside = shut.filter(shut.is_between(own["date"].min(), own["date"].max()))
        copies = inside.to_frame().join_asof(own, on="date").with_columns(volume=pl.lit(0.0))
        filled = copies.select(bars.columns).cast(pl.Schema(bars.schema))
        return pl.concat([bars, filled]).sort("ticker", "date")

    _change(workspace, fill)
    return f"holidays of {ticker} filled with the bar before"


@fault("cloned-series")
def cloned_series(workspace: Path, rng: np.random.Generator) -> str:
    """A ticker holds the prices of another one times a constant, with volumes of its own."""
    source = _a_ticker(workspace, rng)
    factor = float(rng.uniform(1.2, 2.5))

    def clone(bars: pl.DataFrame) -> pl.DataFrame:
        others = bars.filter(pl.col("ticker") != source)["ticker"].unique().sort()
        copy = str(rng.choice(others.to_numpy()))
        own = bars.filter(pl.col("ticker") == copy).select("date", "volume")
        cloned = (
            bars.filter(pl.col("ticker") == source)
            .drop("volume")
            .join(own, on="date", maintain_order="left")
            .with_columns(pl.lit(copy).alias("ticker"), (pl.col(*CANDLE) * factor).round(2))
            .select(bars.columns)
        )
        return pl.concat([bars.filter(pl.col("ticker") != copy), cloned]).sort("ticker", "date")

    _change(workspace, clone)
    return f"a ticker given the prices of {source} times {factor:.3g}"


@fault("ticker-reuse")
def ticker_reuse(workspace: Path, rng: np.random.Generator) -> str:
    """The first year of a ticker is that of a cheap, wild and thinly traded company."""
    ticker = _a_ticker(workspace, rng)

    def reuse(bars: pl.DataFrame) -> pl.DataFrame:
        own = pl.col("ticker") == ticker
        session = pl.col("date").rank("dense")
        gone = bars.filter(~(own & session.is_between(251, 450)))
        early = own & (session <= 250)
        level = gone.filter(early)["close"].median()
        wild = ((pl.col(*CANDLE) / level) ** 2.5 * level / 15).round(2)
        return gone.with_columns(
            pl.when(early).then(wild).otherwise(pl.col(*CANDLE)),
            pl.when(early).then((pl.col("volume") / 25).round()).otherwise("volume"),
        )

    _change(workspace, reuse)
    return (
        f"first year of {ticker} replaced by another company, 200 sessions before the present one"
    )


@fault("timezone-mixed")
def timezone_mixed(workspace: Path, rng: np.random.Generator) -> str:
    """Later sessions are stamped at midnight of New York in UTC, earlier ones at midnight."""
    share = float(rng.uniform(0.3, 0.7))

    def stamp(bars: pl.DataFrame) -> pl.DataFrame:
        later = pl.col("date").rank("dense") > share * pl.col("date").n_unique()
        plain = pl.col("date").cast(pl.Datetime("us"))
        converted = (
            plain.dt.replace_time_zone("America/New_York")
            .dt.convert_time_zone("UTC")
            .dt.replace_time_zone(None)
        )
        return bars.with_columns(date=pl.when(later).then(converted).otherwise(plain))

    _change(workspace, stamp)
    return f"the last {1 - share:.0%} of the sessions stamped at midnight of New York in UTC"


def _a_ticker(workspace: Path, rng: np.random.Generator) -> str:
    """One of the tickers that trade from the first session on at more than 20 a share."""
    bars = pl.read_parquet(workspace / "data" / "prices.parquet")
    whole = (
        bars.group_by("ticker")
        .agg(pl.len().alias("bars"), pl.col("close").median())
        .filter((pl.col("bars") == pl.col("bars").max()) & (pl.col("close") > 20))
    )
    return str(rng.choice(whole["ticker"].sort().to_numpy()))


def _change(workspace: Path, change: Callable[[pl.DataFrame], pl.DataFrame]) -> None:
    file = workspace / "data" / "prices.parquet"
    with same_time(file):
        change(pl.read_parquet(file)).write_parquet(file, compression="zstd")
