"""A synthetic market: correlated returns, clustered volatility, holidays, one late listing."""

from datetime import date

import numpy as np
import polars as pl
import pytest

HOLIDAYS = [date(2021, 1, 18), date(2021, 4, 2), date(2021, 7, 5), date(2021, 12, 24)]


def random_market(tickers: int = 4, sessions: int = 320, seed: int = 11) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    days = pl.date_range(date(2021, 1, 4), date(2023, 6, 30), "1d", eager=True)
    days = days.filter((days.dt.weekday() < 6) & ~days.is_in(HOLIDAYS))[:sessions]
    heat = np.zeros(sessions)
    for t in range(1, sessions):
        heat[t] = 0.95 * heat[t - 1] + rng.normal(0, 0.2)
    market = rng.standard_t(4, sessions) * 0.007 * np.exp(heat)
    tables = []
    for number in range(tickers):
        own = rng.standard_t(4, sessions) * 0.008 * np.exp(heat)
        close = 50 * (number + 1) * np.exp(np.cumsum(0.0003 + market + own))
        opened = close * np.exp(rng.normal(0, 0.004, sessions))
        wick = np.abs(rng.normal(0, 0.005, (2, sessions)))
        tables.append(
            pl.DataFrame(
                {
                    "ticker": [f"T{number}"] * sessions,
                    "date": days,
                    "open": opened,
                    "high": np.maximum(opened, close) * (1 + wick[0]),
                    "low": np.minimum(opened, close) * (1 - wick[1]),
                    "close": close,
                    "volume": np.round(1e6 * np.exp(rng.normal(0, 0.3, sessions))),
                }
            ).slice(40 * (number == tickers - 1))
        )
    return pl.concat(tables)


@pytest.fixture(scope="session")
def market() -> pl.DataFrame:
    return random_market()
