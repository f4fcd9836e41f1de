"""The twin's feature function: what a strategy computes from bars, all of it from the past."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np

from ml_debugger.probes.feature_function.trial import FunctionTrial

FILE = Path("strategy") / "features.py"
FUNCTION = "features"

SOURCE = '''\
"""Features of daily bars."""

import polars as pl


def features(bars: pl.DataFrame) -> pl.DataFrame:
    """Add momentum, volatility, trend and rank; every row knows its past alone."""
    close, volume = pl.col("close"), pl.col("volume")
    step = close.pct_change()
    trailing = {
        "momentum_20": close.pct_change(20),
        "volatility_20": step.rolling_std(20),
        "trend_60": close / close.rolling_mean(60) - 1,
        "surprise": (close - close.ewm_mean(span=20)) / close.rolling_std(20),
        "volume_ratio": volume / volume.rolling_mean(20),
    }
    bars = bars.with_columns(value.over("ticker").alias(name) for name, value in trailing.items())
    return bars.with_columns(rank=(pl.col("momentum_20").rank() / pl.len()).over("date"))
'''


def write(folder: Path, rng: np.random.Generator) -> None:  # noqa: ARG001  nothing is drawn
    """Write `strategy/features.py`, as old as the prices."""
    write_source(folder, SOURCE)
    moment = (folder / "data" / "prices.parquet").stat().st_mtime_ns
    os.utime(folder / FILE, ns=(moment, moment))


def write_source(folder: Path, source: str) -> None:
    """Write the file of the function."""
    (folder / FILE).parent.mkdir(exist_ok=True)
    (folder / FILE).write_text(source, encoding="utf-8")


def trial(folder: Path) -> FunctionTrial:
    """The trial of the function on the twin's prices, small enough for a self-test."""
    return FunctionTrial(
        target=f"{folder / FILE}:{FUNCTION}",
        folder=str(folder),
        python=sys.executable,
        sessions=300,
    )
