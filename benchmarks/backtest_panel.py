"""The backtest engine on a 500 x 7,000 panel, against the bare arithmetic in NumPy."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import date, timedelta

import numpy as np
import polars as pl

from ml_debugger.backtest import simulate
from ml_debugger.sizing.account import Costs
from ml_debugger.sizing.panel import make_panel

TICKERS, SESSIONS, ROUNDS = 500, 7_000, 5


def best(work: Callable[[], object]) -> float:
    """The shortest of several runs, in seconds."""
    times = []
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        work()
        times.append(time.perf_counter() - begun)
    return min(times)


def main() -> None:
    """Simulate random long-biased positions on random walks."""
    rng = np.random.default_rng(7)
    returns = rng.normal(0.0003, 0.015, (SESSIONS, TICKERS))
    close = 100 * np.exp(np.cumsum(returns, axis=0))
    days = [date(1998, 1, 1) + timedelta(days=n) for n in range(SESSIONS)]
    frame = pl.DataFrame(
        {
            "ticker": np.tile([f"T{n:03}" for n in range(TICKERS)], SESSIONS),
            "date": pl.Series(days).gather(np.repeat(np.arange(SESSIONS), TICKERS)),
            "close": close.ravel(),
        }
    )
    begun = time.perf_counter()
    panel = make_panel(frame)
    print(f"{'table to panel':<34} {time.perf_counter() - begun:7.3f} s, once")
    positions = np.clip(rng.normal(0.8, 0.5, (SESSIONS, TICKERS)), -0.1, 1.8)

    def bare() -> object:
        simple = close[1:] / close[:-1] - 1
        gross = (positions[:-1] * simple).mean(axis=1)
        cost = np.abs(np.diff(positions, axis=0, prepend=0)).mean(axis=1) * 7e-4
        return np.cumprod(1 + gross - cost[:-1])

    engine = best(lambda: simulate(positions, panel, Costs()))
    plain = best(bare)
    print(f"{'bare arithmetic, no drift of weights':<34} {plain:7.3f} s")
    print(f"{'simulate':<34} {engine:7.3f} s  {engine / plain:5.2f} x")


if __name__ == "__main__":
    main()
