"""Faults of predictions."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl

from ml_debugger.testing.plant import fault
from ml_debugger.testing.times import same_time

COLLAPSED_STD = 0.0002
"""The spread of collapsed predictions in the project's record of 2025-12."""

NEGATIVE_SHARE = 0.94


@fault("collapsed-predictions")
def collapsed_predictions(workspace: Path, rng: np.random.Generator) -> str:
    """Every prediction becomes nearly the same small number."""

    def collapse(rows: pl.DataFrame) -> pl.DataFrame:
        values = rng.normal(0.0008, COLLAPSED_STD, len(rows))
        return rows.with_columns(pl.Series("prediction", values))

    _change(workspace, collapse)
    return f"predictions collapsed to 0.0008 with a standard deviation of {COLLAPSED_STD}"


@fault("sign-imbalance")
def sign_imbalance(workspace: Path, rng: np.random.Generator) -> str:  # noqa: ARG001  exact shift
    """Predictions of each horizon are shifted until most of them are negative."""
    shift = pl.col("prediction").quantile(NEGATIVE_SHARE).over("horizon")
    _change(workspace, lambda rows: rows.with_columns(pl.col("prediction") - shift))
    return f"predictions shifted until {NEGATIVE_SHARE:.0%} of them are negative"


@fault("lagged-target")
def lagged_target(workspace: Path, rng: np.random.Generator) -> str:
    """Predictions become the return that has just ended, with a little noise."""
    prices = pl.read_parquet(workspace / "data" / "prices.parquet").sort("ticker", "date")

    def lag(rows: pl.DataFrame) -> pl.DataFrame:
        past = pl.concat(
            prices.select(
                "ticker",
                "date",
                pl.lit(horizon, dtype=rows.schema["horizon"]).alias("horizon"),
                (pl.col("close") / pl.col("close").shift(horizon).over("ticker") - 1).alias("past"),
            )
            for horizon in rows["horizon"].unique().sort()
        )
        joined = rows.join(
            past, on=["ticker", "date", "horizon"], how="left", maintain_order="left"
        )
        noise = pl.Series(rng.normal(0, 1e-4, len(rows)))
        return joined.with_columns(prediction=pl.col("past") + noise).drop("past")

    _change(workspace, lag)
    return "predictions replaced by the returns that had just ended"


def _change(workspace: Path, change: Callable[[pl.DataFrame], pl.DataFrame]) -> None:
    file = workspace / "predictions" / "predictions.parquet"
    with same_time(file):
        change(pl.read_parquet(file)).write_parquet(file)
