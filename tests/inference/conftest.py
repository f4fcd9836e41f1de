"""A feature table with a weak, steady signal, and small recipes that fit in milliseconds."""

from datetime import date

import numpy as np
import polars as pl
import pytest

from ml_debugger.training import Recipe

TINY = Recipe(rounds=30, patience=10, least_rounds=5, smallest_leaf=20, threads=1, device="cpu")


def random_features(tickers: int = 4, sessions: int = 300, seed: int = 5) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    days = pl.date_range(date(2022, 1, 3), date(2024, 1, 1), "1d", eager=True)
    days = days.filter(days.dt.weekday() < 6)[:sessions]
    tables = []
    for number in range(tickers):
        signal, noise = rng.normal(size=(2, sessions))
        label = 0.0003 + 0.004 * signal + 0.01 * rng.standard_t(4, sessions)
        known = np.arange(sessions)
        tables.append(
            pl.DataFrame(
                {
                    "ticker": [f"T{number}"] * sessions,
                    "date": days,
                    "signal": signal,
                    "noise": np.where(known % 50 == 7, np.nan, noise),
                    "label_1": np.where(known < sessions - 1, label, np.nan),
                    "label_5": np.where(known < sessions - 5, label, np.nan),
                }
            ).with_columns(pl.col("noise", "label_1", "label_5").fill_nan(None))
        )
    return pl.concat(tables)


@pytest.fixture(scope="session")
def features() -> pl.DataFrame:
    return random_features()


@pytest.fixture
def tiny() -> Recipe:
    return TINY
