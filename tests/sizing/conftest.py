"""Two tickers on a random walk, with predictions that know a little of what comes."""

from datetime import date

import numpy as np
import polars as pl
import pytest


def random_prices(sessions: int = 400, seed: int = 8) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    days = pl.date_range(date(2021, 1, 4), date(2023, 12, 29), "1d", eager=True)
    days = days.filter(days.dt.weekday() < 6)[:sessions]
    tables = []
    for ticker in ("A", "B"):
        moves = rng.normal(0.0004, 0.012, sessions)
        close = 100 * np.cumprod(1 + moves)
        tables.append(pl.DataFrame({"ticker": [ticker] * sessions, "date": days, "close": close}))
    return pl.concat(tables)


def predictions_for(prices: pl.DataFrame, skill: float, seed: int = 9) -> pl.DataFrame:
    """Horizon 1; each sign is right with probability ``skill``."""
    rng = np.random.default_rng(seed)
    ahead = (pl.col("close").shift(-1).over("ticker") / pl.col("close") - 1).fill_null(0.001)
    table = prices.with_columns(ahead.alias("ahead")).filter(
        pl.col("date") >= prices["date"].unique().sort()[80]
    )
    right = np.where(rng.random(len(table)) < skill, 1.0, -1.0)
    return table.select(
        "ticker",
        "date",
        pl.lit(1, dtype=pl.Int32).alias("horizon"),
        (0.002 * pl.col("ahead").sign() * pl.Series(right)).alias("prediction"),
        pl.lit(0.5).alias("confidence"),
        pl.lit("xgboost").alias("model"),
    )


@pytest.fixture(scope="session")
def prices() -> pl.DataFrame:
    return random_prices()


@pytest.fixture(scope="session")
def predictions(prices: pl.DataFrame) -> pl.DataFrame:
    return predictions_for(prices, 0.58)
