"""What a model learns to predict: arithmetic forward returns."""

import polars as pl

HORIZONS = (1, 5, 20, 60)
"""Sessions ahead: a day, a week, a month and a quarter."""

LABEL_PREFIX = "label_"


def label_column(horizon: int) -> str:
    """Names the label of a horizon."""
    return f"{LABEL_PREFIX}{horizon}"


def forward_return(horizon: int) -> pl.Expr:
    """close(t + horizon) / close(t) - 1, in the ticker's own bars.

    A fraction, not percent and not a log return. Null in the last ``horizon`` bars of a ticker.
    """
    future = pl.col("close").shift(-horizon).over("ticker")
    return (future / pl.col("close") - 1).alias(label_column(horizon))


def outcome_date(horizon: int) -> pl.Expr:
    """The date on which the label of a row becomes known; null where it is not known yet."""
    return pl.col("date").shift(-horizon).over("ticker").alias("outcome_date")
