"""Faults of what passes from stage to stage."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import numpy as np
import polars as pl

from ml_debugger.testing.plant import fault
from ml_debugger.testing.times import same_time

DAYS_BEHIND = 45


@fault("prediction-schema")
def prediction_schema(workspace: Path, rng: np.random.Generator) -> str:  # noqa: ARG001
    """A column is renamed and another one changes its type."""
    file = _predictions(workspace)
    rows = pl.read_parquet(file).rename({"ticker": "symbol"})
    with same_time(file):
        rows.with_columns(pl.col("horizon").cast(pl.String)).write_parquet(file)
    return "predictions written with 'symbol' for 'ticker' and the horizon as text"


@fault("prediction-coverage")
def prediction_coverage(workspace: Path, rng: np.random.Generator) -> str:
    """A horizon is gone, and a third of the remaining rows."""
    file = _predictions(workspace)
    rows = pl.read_parquet(file).filter(pl.col("horizon") != 60)
    kept = rng.random(len(rows)) > 1 / 3
    with same_time(file):
        rows.filter(pl.Series(kept)).write_parquet(file)
    return "predictions without horizon 60 and without a third of the other rows"


@fault("unreadable-artifact")
def unreadable_artifact(workspace: Path, rng: np.random.Generator) -> str:  # noqa: ARG001
    """A table is cut off in the middle."""
    file = workspace / "positions" / "positions.parquet"
    content = file.read_bytes()
    with same_time(file):
        file.write_bytes(content[: len(content) // 2])
    return "positions/positions.parquet cut off in the middle"


@fault("broken-flow")
def broken_flow(workspace: Path, rng: np.random.Generator) -> str:  # noqa: ARG001
    """Predictions are those of weeks before: their dates and their time of writing."""
    file = _predictions(workspace)
    rows = pl.read_parquet(file)
    modified = file.stat().st_mtime - DAYS_BEHIND * 86_400
    last = rows.select(pl.col("date").max()).item() - timedelta(days=DAYS_BEHIND)
    rows.filter(pl.col("date") <= last).write_parquet(file)
    os.utime(file, (modified, modified))
    return f"predictions end {DAYS_BEHIND} days before the prices and were written as long ago"


def _predictions(workspace: Path) -> Path:
    return workspace / "predictions" / "predictions.parquet"
