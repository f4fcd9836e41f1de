"""Faults of price tables."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl

from ml_debugger.testing.plant import fault
from ml_debugger.testing.times import same_time


@fault("missing-values")
def missing_values(workspace: Path, rng: np.random.Generator) -> str:
    """A ticker loses its closes on three hundredths of its sessions."""
    ticker = _a_ticker(workspace, rng)

    def lose(bars: pl.DataFrame) -> pl.DataFrame:
        lost = pl.Series(rng.random(len(bars)) < 0.03)
        return bars.with_columns(
            close=pl.when((pl.col("ticker") == ticker) & lost).then(None).otherwise("close")
        )

    _change(workspace, lose)
    return f"closes of {ticker} emptied on 3 % of its sessions"


@fault("ohlc-inconsistent")
def ohlc_inconsistent(workspace: Path, rng: np.random.Generator) -> str:
    """High and low of a ticker change places for a month."""
    ticker = _a_ticker(workspace, rng)

    def swap(bars: pl.DataFrame) -> pl.DataFrame:
        hit = (pl.col("ticker") == ticker) & _sessions(300, 321)
        return bars.with_columns(
            high=pl.when(hit).then("low").otherwise("high"),
            low=pl.when(hit).then("high").otherwise("low"),
        )

    _change(workspace, swap)
    return f"high and low of {ticker} swapped for 21 sessions"


@fault("duplicate-bar")
def duplicate_bar(workspace: Path, rng: np.random.Generator) -> str:
    """A week of one ticker is appended a second time, slightly revised."""
    ticker = _a_ticker(workspace, rng)

    def append(bars: pl.DataFrame) -> pl.DataFrame:
        again = bars.filter((pl.col("ticker") == ticker) & _sessions(300, 305))
        return pl.concat([bars, again.with_columns(pl.col("close") * 1.001)])

    _change(workspace, append)
    return f"five bars of {ticker} appended again with a revised close"


@fault("calendar-gap")
def calendar_gap(workspace: Path, rng: np.random.Generator) -> str:
    """Three weeks of one ticker are lost."""
    ticker = _a_ticker(workspace, rng)
    _change(
        workspace,
        lambda bars: bars.filter(~((pl.col("ticker") == ticker) & _sessions(300, 315))),
    )
    return f"15 sessions of {ticker} removed"


@fault("unadjusted-split")
def unadjusted_split(workspace: Path, rng: np.random.Generator) -> str:
    """The history of one ticker before a 4:1 split keeps the old prices and volumes."""
    ticker = _a_ticker(workspace, rng)

    def split(bars: pl.DataFrame) -> pl.DataFrame:
        before = (pl.col("ticker") == ticker) & _sessions(0, 300)
        factor = pl.when(before).then(4.0).otherwise(1.0)
        return bars.with_columns(
            pl.col("open", "high", "low", "close") * factor, (pl.col("volume") / factor).round()
        )

    _change(workspace, split)
    return f"prices of {ticker} before a 4:1 split left unadjusted"


@fault("future-bar-copy")
def future_bar_copy(workspace: Path, rng: np.random.Generator) -> str:
    """The bars of one session are replaced by those of three sessions later, volume included."""
    candle = ("open", "high", "low", "close", "volume")
    session = int(rng.integers(300, 500))

    def copy(bars: pl.DataFrame) -> pl.DataFrame:
        hit = _sessions(session, session + 1)
        return bars.with_columns(
            pl.when(hit).then(pl.col(c).shift(-3).over("ticker")).otherwise(c).alias(c)
            for c in candle
        )

    _change(workspace, copy)
    return f"bars of session {session} overwritten by those of three sessions later"


@fault("stale-data")
def stale_data(workspace: Path, rng: np.random.Generator) -> str:  # noqa: ARG001  exact cut
    """The last thirty sessions of every ticker are missing."""
    _change(
        workspace,
        lambda bars: bars.filter(pl.col("date") < pl.col("date").unique().sort().slice(-30).min()),
    )
    return "the last 30 sessions of every ticker removed"


def _sessions(first: int, stop: int) -> pl.Expr:
    """Bars on the sessions of the table from `first` up to, not including, `stop`."""
    return (pl.col("date").rank("dense") - 1).is_between(first, stop, closed="left")


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
