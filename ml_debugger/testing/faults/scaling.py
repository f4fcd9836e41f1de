"""Faults of scaling."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

from ml_debugger.testing.plant import fault
from ml_debugger.testing.times import same_time


@fault("full-sample-scaling")
def full_sample_scaling(workspace: Path, rng: np.random.Generator) -> str:  # noqa: ARG001
    """Every feature is standardised over all rows before anything is split."""
    file = workspace / "data" / "features.parquet"
    rows = pl.read_parquet(file)
    keys = ("ticker", "date")
    features = [c for c in rows.columns if c not in keys and not c.startswith("label")]
    scaled = [(pl.col(c) - pl.col(c).mean()) / pl.col(c).std(ddof=0) for c in features]
    with same_time(file):
        rows.with_columns(scaled).write_parquet(file, compression="zstd")
    return f"{len(features)} features standardised by the mean and spread of all rows"
