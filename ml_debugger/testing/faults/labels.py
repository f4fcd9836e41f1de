"""Faults of labels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

from ml_debugger.testing.plant import fault
from ml_debugger.testing.times import same_time


def _rewrite(workspace: Path, *columns: pl.Expr) -> None:
    """Replace columns of the feature table."""
    file = workspace / "data" / "features.parquet"
    with same_time(file):
        pl.read_parquet(file).with_columns(*columns).write_parquet(file, compression="zstd")


@fault("label-horizon-mismatch")
def label_horizon_mismatch(workspace: Path, rng: np.random.Generator) -> str:  # noqa: ARG001  a copy
    """The label of five sessions holds the return of twenty."""
    _rewrite(workspace, pl.col("label_20").alias("label_5"))
    return "label_5 holds the returns over 20 sessions"


@fault("log-arithmetic-mixup")
def log_arithmetic_mixup(workspace: Path, rng: np.random.Generator) -> str:  # noqa: ARG001  arithmetic
    """One label is a log return, the others are arithmetic."""
    _rewrite(workspace, pl.col("label_20").log1p())
    return "label_20 is a log return, the other labels are arithmetic"


@fault("label-misaligned")
def label_misaligned(workspace: Path, rng: np.random.Generator) -> str:  # noqa: ARG001  a shift
    """The labels were joined one row too early."""
    _rewrite(workspace, pl.col("^label_.*$").shift(1).over("ticker"))
    return "every label stands one row later, so that its window begins the day before its row"


@fault("label-imbalance")
def label_imbalance(workspace: Path, rng: np.random.Generator) -> str:  # noqa: ARG001  a threshold
    """A class label whose threshold nearly every row passes."""
    _rewrite(workspace, (pl.col("label_1") > -0.04).cast(pl.Int8).alias("target_hold"))
    return "target_hold is 1 on all days but those before a fall of 4 %"
