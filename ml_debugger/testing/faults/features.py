"""Faults of feature tables."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

from ml_debugger.testing.plant import fault
from ml_debugger.testing.times import same_time


@fault("non-finite-feature")
def non_finite_feature(workspace: Path, rng: np.random.Generator) -> str:
    """One feature is divided by zero on a handful of rows, another has holes."""
    file = workspace / "data" / "features.parquet"
    rows = pl.read_parquet(file)
    infinite = pl.Series(rng.random(len(rows)) < 0.001)
    lost = pl.Series(rng.random(len(rows)) < 0.02)
    with same_time(file):
        rows.with_columns(
            volume_ratio_20=pl.when(infinite).then(np.inf).otherwise("volume_ratio_20"),
            volatility_20=pl.when(lost).then(np.nan).otherwise("volatility_20"),
        ).write_parquet(file, compression="zstd")
    return "volume_ratio_20 is infinite on 0.1 % of the rows, volatility_20 NaN on 2 %"


@fault("unscaled-feature")
def unscaled_feature(workspace: Path, rng: np.random.Generator) -> str:  # noqa: ARG001  a copy
    """The raw volume stands among the features."""
    file = workspace / "data" / "features.parquet"
    volume = pl.read_parquet(workspace / "data" / "prices.parquet").select(
        "ticker", "date", pl.col("volume").alias("volume_raw")
    )
    with same_time(file):
        rows = pl.read_parquet(file).join(volume, on=["ticker", "date"], how="left")
        rows.write_parquet(file, compression="zstd")
    return "the raw volume was added to the features"
