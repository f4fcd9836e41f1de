"""The win rate that sizing may count on: from the hold-out only, and only from what was known."""

import polars as pl

from ml_debugger.data.labels import forward_return, label_column, outcome_date
from ml_debugger.sizing.kelly import WIN_RATE_LIMITS

LEAST_EVIDENCE = 100
"""Independent rows below which the win rate counts as 0.5: its standard error is then above 0.05,
half of the range that is believed."""


def holdout_win_rate(predictions: pl.DataFrame, prices: pl.DataFrame, horizon: int) -> pl.DataFrame:
    """Win rate of out-of-fold predictions by date.

    Returns ``date``, ``rows`` (outcomes known on that date, over all tickers) and ``win_rate``:
    the share of them with the predicted sign, clipped to [0.50, 0.60], and 0.50 while the rows
    over the horizon, because outcomes overlap, are fewer than ``LEAST_EVIDENCE``. An outcome
    counts from its own date on, so the rate of a date holds nothing from after it.
    """
    outcomes = prices.sort("ticker", "date").select(
        "ticker", "date", forward_return(horizon), outcome_date(horizon)
    )
    label = pl.col(label_column(horizon))
    known = (
        predictions.filter(pl.col("horizon") == horizon)
        .join(outcomes, on=["ticker", "date"])
        .filter(label.is_finite() & (label != 0))
        .with_columns((pl.col("prediction").sign() == label.sign()).alias("hit"))
        .group_by("outcome_date")
        .agg(pl.len().alias("rows"), pl.col("hit").sum().alias("hits"))
        .sort("outcome_date")
        .with_columns(pl.col("rows", "hits").cum_sum())
    )
    dates = predictions.filter(pl.col("horizon") == horizon).select(pl.col("date").unique().sort())
    low, high = WIN_RATE_LIMITS
    rate = (pl.col("hits") / pl.col("rows")).clip(low, high)
    enough = pl.col("rows") >= LEAST_EVIDENCE * horizon
    return dates.join_asof(
        known, left_on="date", right_on="outcome_date", strategy="backward"
    ).select(
        "date",
        pl.col("rows").fill_null(0).cast(pl.Int64),
        pl.when(enough).then(rate).otherwise(low).alias("win_rate"),
    )
