"""Columns of a bar that are 10, 100 or 1000 times off its close."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import polars as pl

    from ml_debugger.artifacts import Bars

FAR = 5.0
"""Open, high and low are within this factor of the close unless something is wrong."""
ALLOWED = 0.05
"""Logarithm; how far open, high and low may be from a power of ten times the close."""


def off_close(bars: Bars) -> pl.DataFrame:
    """Runs of bars in which open, high or low are off the close by a power of ten.

    Columns: `ticker`, `column`, `start`, `end` (times), `bars` and `power`.
    """
    import polars as pl

    kind = bars.frame.schema["time"]
    schema: dict[str, Any] = {
        "ticker": pl.String,
        "column": pl.String,
        "start": kind,
        "end": kind,
        "bars": pl.UInt32,
        "power": pl.Int64,
    }
    found = [pl.DataFrame(schema=schema)]
    if "close" in bars.names:
        found += [_runs(bars, c) for c in ("open", "high", "low") if c in bars.names]
    return pl.concat(found, how="vertical_relaxed")


def _ordinary(bars: Bars, at: pl.Series) -> pl.Series:
    """Bars whose close is near the one before: a true move of its size leaves the open behind."""
    growth = bars.growth
    assert growth is not None
    # on its first day a coin may trade at ten times its close
    return growth.gather(at).is_between(1 / FAR, FAR).fill_null(False)


def _runs(bars: Bars, column: str) -> pl.DataFrame:
    import polars as pl

    value, close = pl.col(column), pl.col("close")
    far = (value >= FAR * close) | (value * FAR <= close)
    rows = bars.frame.select(
        (far & (value > 0) & (close > 0) & (value * close).is_finite()).fill_null(False)
    ).to_series()
    at = rows.arg_true()
    tens = (pl.col(column) / close).log(10.0)
    near = (
        bars.frame.select("ticker", "time", column, "close")[at]
        .with_columns(tens.alias("tens"), at.cast(pl.Int64).alias("row"), bars.number.gather(at))
        .with_columns(pl.col("tens").round().cast(pl.Int64).alias("power"))
        .filter(
            ((pl.col("tens") - pl.col("power")).abs() * pl.lit(10.0).log() <= ALLOWED)
            & pl.col("power").abs().is_between(1, 3)
            & _ordinary(bars, at)
        )
    )
    follows = (
        (pl.col("row").diff() == 1) & (pl.col("number").diff() == 0) & (pl.col("power").diff() == 0)
    )
    return (
        near.with_columns(run=(~follows.fill_null(False)).cum_sum())
        .group_by("run", maintain_order=True)
        .agg(
            pl.col("ticker").first(),
            pl.lit(column).alias("column").first(),
            pl.col("time").first().alias("start"),
            pl.col("time").last().alias("end"),
            pl.len().alias("bars"),
            pl.col("power").first(),
        )
        .drop("run")
    )
