"""A healthy panel for tests of feature checks: tickers that move together, one listed late."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import polars as pl

STEP = pl.int_range(pl.len()).over("ticker")


def panel(sessions: int = 600, tickers: int = 6, late: int = 200, seed: int = 5) -> pl.DataFrame:
    """`ret` with clustered volatility, `vol`, `price`, `rsi`, `obv` by ticker and weekday."""
    rng = np.random.default_rng(seed)
    days = [d for n in range(2 * sessions) if (d := date(2020, 1, 1) + timedelta(n)).weekday() < 5]
    state = np.zeros(sessions)
    for t in range(1, sessions):
        state[t] = 0.95 * state[t - 1] + 0.15 * rng.standard_normal()
    market = 0.01 * np.exp(state) * rng.standard_normal(sessions)
    parts = []
    for number in range(tickers):
        moves = market + 0.01 * rng.standard_normal(sessions)
        part = pl.DataFrame(
            {
                "ticker": f"T{number}",
                "date": days[:sessions],
                "ret": moves,
                "price": 50 * np.exp(np.cumsum(moves)),
                "volume": 1e6 * np.exp(0.4 * rng.standard_normal(sessions)),
            }
        )
        parts.append(part.tail(sessions - late) if number == tickers - 1 and number else part)
    up = pl.max_horizontal("ret", 0.0).rolling_mean(14).over("ticker")
    return pl.concat(parts).with_columns(
        vol=pl.col("ret").rolling_std(20).over("ticker"),
        rsi=up / pl.col("ret").abs().rolling_mean(14).over("ticker"),
        obv=(pl.col("ret").sign() * pl.col("volume")).cum_sum().over("ticker"),
    )
