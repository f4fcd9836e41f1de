"""Faults by which the target reaches the features."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

from ml_debugger.testing.plant import fault
from ml_debugger.testing.times import same_time


@fault("target-in-features")
def target_in_features(workspace: Path, rng: np.random.Generator) -> str:
    """A noisy copy of the five-session label stands among the features."""
    file = workspace / "data" / "features.parquet"
    rows = pl.read_parquet(file)
    spread = float(np.nanstd(rows["label_5"].to_numpy()))
    noise = pl.Series(rng.normal(0.0, 0.1 * spread, len(rows)))
    with same_time(file):
        rows.with_columns(momentum_1d=2 * pl.col("label_5") + noise).write_parquet(
            file, compression="zstd"
        )
    return "momentum_1d is the five-session label, doubled, with a little noise"


@fault("future-in-feature")
def future_in_feature(workspace: Path, rng: np.random.Generator) -> str:  # noqa: ARG001  a window
    """The average behind one feature is centred on its row."""
    file = workspace / "data" / "features.parquet"
    close = pl.col("close")
    average = close.rolling_mean(21, center=True)
    prices = pl.read_parquet(workspace / "data" / "prices.parquet").select(
        "ticker", "date", (close / average - 1).over("ticker").alias("close_to_sma_20")
    )
    with same_time(file):
        rows = pl.read_parquet(file).drop("close_to_sma_20")
        rows.join(prices, on=["ticker", "date"], how="left").write_parquet(file, compression="zstd")
    return "close_to_sma_20 is taken from an average of ten days before and ten after its row"
