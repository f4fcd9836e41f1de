"""Faults of positions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

from ml_debugger.testing.plant import fault
from ml_debugger.testing.times import same_time


@fault("position-over-limit")
def position_over_limit(workspace: Path, rng: np.random.Generator) -> str:
    """A few positions go beyond the limits on either side."""
    file = workspace / "positions" / "positions.parquet"
    rows = pl.read_parquet(file)
    position = rows["position"].to_numpy().copy()
    chosen = rng.choice(len(position), 6, replace=False)
    position[chosen[:3]] = 2.6
    position[chosen[3:]] = -0.5
    with same_time(file):
        rows.with_columns(pl.Series("position", position)).write_parquet(file)
    return "three positions set to 2.6 and three to -0.5"
