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
