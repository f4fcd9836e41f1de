"""The twin's market: bars of twelve stocks, and causal features with labels made from them.

What real bars have and checks must not take for faults is in it on purpose: volatility that
clusters, a common market move, holidays, a late listing, a true crash of 30 % with the crowd
and the range of a crash, and an illiquid stock whose price stands still for days.
"""

from __future__ import annotations

from datetime import date
from itertools import islice
from pathlib import Path

import numpy as np
import polars as pl

from ml_debugger.data import nyse

SESSIONS = 700
START = date(2021, 3, 1)
TICKERS = ("AVEN", "BRIO", "CALX", "DORN", "ELMS", "FENK", "GILT", "HOBB", "IVEX", "JURA", "KITE")
ILLIQUID = "LUMO"
LATE, LATE_AT = "IVEX", 260
CRASHED, CRASH_AT, CRASH = "DORN", 410, -0.30
HORIZONS = (1, 5, 20, 60)

Array = np.ndarray[tuple[int, ...], np.dtype[np.float64]]


def write(folder: Path, rng: np.random.Generator) -> None:
    """Write `data/prices.parquet` and `data/features.parquet`."""
    data = folder / "data"
    data.mkdir(parents=True, exist_ok=True)
    prices = bars(rng)
    prices.write_parquet(data / "prices.parquet", compression="zstd")
    with_features(prices).write_parquet(data / "features.parquet", compression="zstd")


def bars(rng: np.random.Generator) -> pl.DataFrame:
    """Daily bars of all tickers, sorted by ticker and date."""
    days = list(islice(nyse.sessions(START, date(START.year + 5, 1, 1)), SESSIONS))
    market_volatility = _volatility(rng, 0.009)
    market = market_volatility * rng.standard_normal(SESSIONS)
    parts = []
    for ticker in (*TICKERS, ILLIQUID):
        parts.append(_stock(ticker, days, market, market_volatility, rng))
    return pl.concat(parts).sort("ticker", "date")


def _volatility(rng: np.random.Generator, level: float) -> Array:
    """A daily volatility that clusters: a slow autoregression of its logarithm."""
    noise = rng.standard_normal(SESSIONS)
    state = np.zeros(SESSIONS)
    for t in range(1, SESSIONS):
        state[t] = 0.97 * state[t - 1] + 0.10 * noise[t]
    return np.asarray(level * np.exp(state - state.var() / 2))


def _stock(
    ticker: str, days: list[date], market: Array, market_volatility: Array, rng: np.random.Generator
) -> pl.DataFrame:
    illiquid = ticker == ILLIQUID
    own = _volatility(rng, 0.004 if illiquid else rng.uniform(0.009, 0.016))
    beta = 0.1 if illiquid else rng.uniform(0.7, 1.3)
    shock = rng.standard_t(5, SESSIONS) * np.sqrt(3 / 5)
    moves = beta * market + own * shock + 0.0003
    size = np.sqrt((beta * market_volatility) ** 2 + own**2)
    crowd = np.exp(0.35 * rng.standard_normal(SESSIONS)) * (1 + 0.6 * np.abs(moves) / size)
    if ticker == CRASHED:
        moves[CRASH_AT] = np.log1p(CRASH)
        crowd[CRASH_AT : CRASH_AT + 4] *= (9.0, 4.0, 2.5, 1.6)
        size[CRASH_AT : CRASH_AT + 4] *= (5.0, 3.0, 2.0, 1.5)
    first = 2.4 if illiquid else rng.uniform(25, 180)
    close = first * np.exp(np.cumsum(moves))
    before = np.concatenate(([first], close[:-1]))
    opening = before * np.exp(np.log(close / before) * rng.uniform(0.1, 0.6, SESSIONS))
    wick = np.abs(rng.standard_normal((2, SESSIONS))) * size * 0.5
    high = np.maximum(opening, close) * np.exp(wick[0])
    low = np.minimum(opening, close) * np.exp(-wick[1])
    volume = rng.uniform(1e6, 6e6) * crowd
    if illiquid:
        volume = np.round(volume / 400 / 100) * 100 + 100
    frame = pl.DataFrame(
        {
            "ticker": [ticker] * SESSIONS,
            "date": days,
            "open": opening,
            "high": high,
            "low": low,
            "close": close,
            "volume": np.round(volume),
        },
        schema_overrides={"date": pl.Date},
    ).with_columns(pl.col("open", "high", "low", "close").round(2))
    return frame.tail(SESSIONS - LATE_AT) if ticker == LATE else frame


def with_features(prices: pl.DataFrame) -> pl.DataFrame:
    """Twelve features that know the past only, and labels over 1, 5, 20 and 60 sessions."""
    close, volume = pl.col("close"), pl.col("volume")
    step = close.pct_change()
    gain = pl.max_horizontal(step, pl.lit(0.0)).rolling_mean(14)
    loss = pl.max_horizontal(-step, pl.lit(0.0)).rolling_mean(14)
    spread = (pl.col("high") - pl.col("low")) / close
    features = {
        "return_1": step,
        "return_5": close.pct_change(5),
        "return_20": close.pct_change(20),
        "volatility_10": step.rolling_std(10),
        "volatility_20": step.rolling_std(20),
        "close_to_sma_20": close / close.rolling_mean(20) - 1,
        "close_to_sma_60": close / close.rolling_mean(60) - 1,
        "rsi_14": gain / (gain + loss),
        "range_14": spread.rolling_mean(14),
        "gap_1": pl.col("open") / close.shift() - 1,
        "volume_ratio_20": (volume / volume.rolling_mean(20)).log(),
        "drawdown_60": close / close.rolling_max(60) - 1,
    }
    # a price that stood still for a fortnight has neither gains nor losses
    still = {"rsi_14": pl.when(gain + loss > 0).then(gain / (gain + loss)).otherwise(0.5)}
    warm = gain.is_not_null()
    features["rsi_14"] = pl.when(warm).then(still["rsi_14"])
    labels = {f"label_{h}": close.shift(-h) / close - 1 for h in HORIZONS}
    columns = [e.over("ticker").alias(name) for name, e in (features | labels).items()]
    return prices.select("ticker", "date", *columns)
