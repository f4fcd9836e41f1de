"""Faults of what a price table covers: tickers, years, the delisted, columns."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl

from ml_debugger.testing.plant import fault
from ml_debugger.testing.times import same_time

SURVIVORS, SURVIVED = 400, 1_000


@fault("universe-incomplete")
def universe_incomplete(workspace: Path, rng: np.random.Generator) -> str:
    """Two tickers of the universe are not there."""
    file = workspace / "data" / "prices.parquet"
    bars = pl.read_parquet(file)
    gone = sorted(rng.choice(bars["ticker"].unique().sort().to_numpy(), 2, replace=False).tolist())
    _write(bars.filter(~pl.col("ticker").is_in(gone)), file)
    return f"{gone[0]} and {gone[1]} removed from the prices"


@fault("history-too-short")
def history_too_short(workspace: Path, rng: np.random.Generator) -> str:  # noqa: ARG001
    """Only the last half year of bars is there."""
    file = workspace / "data" / "prices.parquet"
    bars = pl.read_parquet(file)
    _write(bars.group_by("ticker", maintain_order=True).tail(126), file)
    return "all but the last 126 sessions removed"


@fault("survivorship")
def survivorship(workspace: Path, rng: np.random.Generator) -> str:
    """The prices are those of four hundred stocks, all of which trade to the last day."""
    day = date(2019, 1, 2)
    days: list[date] = []
    while len(days) < SURVIVED:
        if day.weekday() < 5:
            days.append(day)
        day += timedelta(days=1)
    close = 60 * np.exp(np.cumsum(rng.normal(0, 0.015, (SURVIVORS, SURVIVED)), axis=1)).ravel()
    spread = 1 + np.abs(rng.normal(0, 0.008, (2, close.size)))
    bars = pl.DataFrame(
        {
            "ticker": np.repeat([f"S{n:03}" for n in range(SURVIVORS)], SURVIVED),
            "date": days * SURVIVORS,
            "open": close,
            "high": close * spread[0],
            "low": close / spread[1],
            "close": close,
            "volume": rng.integers(100_000, 9_000_000, close.size),
        }
    )
    _write(bars, workspace / "data" / "prices.parquet")
    return f"{SURVIVORS} stocks over {SURVIVED} sessions, none of which is ever delisted"


@fault("schema-mismatch")
def schema_mismatch(workspace: Path, rng: np.random.Generator) -> str:  # noqa: ARG001
    """Closes become text with a currency sign, and the lows are lost."""
    file = workspace / "data" / "prices.parquet"
    text = pl.format("${}", "close").alias("close")
    _write(pl.read_parquet(file).with_columns(text).drop("low"), file)
    return "closes written as text with a dollar sign; the column of lows removed"


def _write(bars: pl.DataFrame, file: Path) -> None:
    with same_time(file):
        bars.write_parquet(file, compression="zstd")
