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


@fault("constant-feature")
def constant_feature(workspace: Path, rng: np.random.Generator) -> str:  # noqa: ARG001  a stop
    """A source ends and its last value is carried on; another column is a default everywhere."""
    last = _last_sessions(workspace, 60)
    held = pl.when(~last).then("volume_ratio_20").forward_fill().over("ticker")
    _rewrite(workspace, volume_ratio_20=held, beta_default=pl.lit(1.0))
    return "volume_ratio_20 stands still for 60 sessions, beta_default is 1 everywhere"


@fault("duplicate-feature")
def duplicate_feature(workspace: Path, rng: np.random.Generator) -> str:  # noqa: ARG001  a copy
    """One return stands in the table twice, once in percent."""
    _rewrite(workspace, return_5_percent=100 * pl.col("return_5"))
    return "return_5_percent is return_5 times 100"


@fault("feature-drift")
def feature_drift(workspace: Path, rng: np.random.Generator) -> str:  # noqa: ARG001  a unit
    """Two features change from fractions to percent in the last 120 sessions."""
    last = _last_sessions(workspace, 120)
    percent = {
        name: pl.when(last).then(100 * pl.col(name)).otherwise(name)
        for name in ("return_20", "volatility_20")
    }
    _rewrite(workspace, **percent)
    return "return_20 and volatility_20 are percent in the last 120 sessions"


@fault("feature-schema-drift")
def feature_schema_drift(workspace: Path, rng: np.random.Generator) -> str:  # noqa: ARG001  a name
    """A feature is renamed after the models were trained."""
    file = workspace / "data" / "features.parquet"
    with same_time(file):
        rows = pl.read_parquet(file).rename({"volatility_20": "vol_20"})
        rows.write_parquet(file, compression="zstd")
    return "volatility_20 was renamed to vol_20, and the model was not trained anew"


@fault("time-as-feature")
def time_as_feature(workspace: Path, rng: np.random.Generator) -> str:  # noqa: ARG001  a count
    """The ordinal date and the year stand among the features."""
    day = pl.col("date")
    _rewrite(workspace, trend=day.cast(pl.Int32).cast(pl.Float64), year=day.dt.year())
    return "trend is the ordinal date, year the year"


@fault("sparse-feature")
def sparse_feature(workspace: Path, rng: np.random.Generator) -> str:
    """News are scored from the middle of the time on only."""
    rows = (
        pl.scan_parquet(workspace / "data" / "features.parquet").select(pl.len()).collect().item()
    )
    score = pl.when(_last_sessions(workspace, 350)).then(pl.Series(rng.normal(0, 0.3, rows)))
    _rewrite(workspace, news_sentiment=score)
    return "news_sentiment has values in the last 350 sessions only"


def _last_sessions(workspace: Path, count: int) -> pl.Expr:
    """Whether a row lies in the last sessions of the features."""
    dates = pl.read_parquet(workspace / "data" / "features.parquet", columns=["date"])["date"]
    return pl.col("date").is_in(dates.unique().sort().tail(count).implode())


def _rewrite(workspace: Path, **columns: pl.Expr) -> None:
    """Replace or add columns of the features."""
    file = workspace / "data" / "features.parquet"
    with same_time(file):
        rows = pl.read_parquet(file).with_columns(**columns)
        rows.write_parquet(file, compression="zstd")
