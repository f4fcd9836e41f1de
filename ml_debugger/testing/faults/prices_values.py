"""Faults of the values in price tables, and of the order of their bars."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl

from ml_debugger.testing.plant import fault
from ml_debugger.testing.times import same_time

CANDLE = ("open", "high", "low", "close")


@fault("zero-as-missing")
def zero_as_missing(workspace: Path, rng: np.random.Generator) -> str:  # noqa: ARG001  whole column
    """Every open is zero, as a vendor delivers it that has none."""
    _change(workspace, lambda bars: bars.with_columns(open=pl.lit(0.0)))
    return "all opens set to zero"


@fault("non-positive-price")
def non_positive_price(workspace: Path, rng: np.random.Generator) -> str:
    """One close of a ticker loses its sign, and another one is zero."""
    ticker, session = _a_ticker(workspace, rng), int(rng.integers(100, 600))
    close = pl.col("close")
    _change(
        workspace,
        lambda bars: bars.with_columns(
            close=pl.when(_at(ticker, session))
            .then(-close)
            .when(_at(ticker, session + 40))
            .then(0.0)
            .otherwise(close)
        ),
    )
    return f"one close of {ticker} negated and one set to zero"


@fault("unsorted-bars")
def unsorted_bars(workspace: Path, rng: np.random.Generator) -> str:
    """A month of one ticker stands at the end of the file."""
    ticker = _a_ticker(workspace, rng)
    late = (pl.col("ticker") == ticker) & _sessions(300, 321)
    _change(workspace, lambda bars: pl.concat([bars.filter(~late), bars.filter(late)]))
    return f"21 bars of {ticker} moved to the end of the file"


@fault("stuck-feed")
def stuck_feed(workspace: Path, rng: np.random.Generator) -> str:
    """The candle of one ticker stands still for twelve sessions, while volume goes on."""
    ticker, session = _a_ticker(workspace, rng), int(rng.integers(100, 600))
    hit = (pl.col("ticker") == ticker) & _sessions(session, session + 12)

    def stick(bars: pl.DataFrame) -> pl.DataFrame:
        stuck = bars.filter(_at(ticker, session)).row(0, named=True)
        return bars.with_columns(pl.when(hit).then(stuck[c]).otherwise(c).alias(c) for c in CANDLE)

    _change(workspace, stick)
    return f"candle of {ticker} frozen for 12 sessions"


@fault("zero-volume")
def zero_volume(workspace: Path, rng: np.random.Generator) -> str:
    """A ticker loses the volume of ten sessions on which it moved."""
    ticker, session = _a_ticker(workspace, rng), int(rng.integers(100, 600))
    hit = (pl.col("ticker") == ticker) & _sessions(session, session + 10)
    _change(
        workspace,
        lambda bars: bars.with_columns(volume=pl.when(hit).then(0.0).otherwise("volume")),
    )
    return f"volume of {ticker} set to zero for 10 sessions"


@fault("spike-and-revert")
def spike_and_revert(workspace: Path, rng: np.random.Generator) -> str:
    """The bar of one session of a ticker is a third too high."""
    ticker, session = _a_ticker(workspace, rng), int(rng.integers(100, 600))
    _scale(workspace, _at(ticker, session), 1.35)
    return f"one bar of {ticker} raised by 35 %"


@fault("unit-error")
def unit_error(workspace: Path, rng: np.random.Generator) -> str:
    """A month of one ticker is in cents."""
    ticker = _a_ticker(workspace, rng)
    _scale(workspace, (pl.col("ticker") == ticker) & _sessions(300, 321), 100.0)
    return f"21 bars of {ticker} multiplied by 100"


def _scale(workspace: Path, where: pl.Expr, factor: float) -> None:
    _change(
        workspace,
        lambda bars: bars.with_columns(
            pl.when(where).then((pl.col(c) * factor).round(2)).otherwise(c).alias(c) for c in CANDLE
        ),
    )


def _sessions(first: int, stop: int) -> pl.Expr:
    """Bars on the sessions of the table from `first` up to, not including, `stop`."""
    return (pl.col("date").rank("dense") - 1).is_between(first, stop, closed="left")


def _at(ticker: str, session: int) -> pl.Expr:
    return (pl.col("ticker") == ticker) & _sessions(session, session + 1)


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
