"""The five rooms one after the other, from a price file to a backtest."""

from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from ml_debugger.backtest import BacktestRun, run_backtest
from ml_debugger.data import build_features, import_prices
from ml_debugger.inference import predict_runs
from ml_debugger.sizing import size_positions
from ml_debugger.training import Recipe, train_run

TINY = Recipe(rounds=25, patience=5, least_rounds=5, threads=1, device="cpu")


def write_prices(file: Path) -> None:
    rng = np.random.default_rng(21)
    days = pl.date_range(date(2020, 1, 1), date(2022, 12, 30), "1d", eager=True)
    days = days.filter(days.dt.weekday() < 6)[:520]
    tables = []
    for ticker in ("A", "B", "C"):
        close = 40 * np.cumprod(1 + rng.normal(0.0005, 0.015, 520))
        opened = close * (1 + rng.normal(0, 0.004, 520))
        tables.append(
            pl.DataFrame(
                {
                    "Date": days,
                    "Symbol": [ticker] * 520,
                    "Open": opened,
                    "High": np.maximum(close, opened) * 1.004,
                    "Low": np.minimum(close, opened) * 0.996,
                    "Close": close,
                    "Volume": rng.integers(10**5, 10**6, 520),
                }
            )
        )
    pl.concat(tables).write_csv(file)


def run_chain(folder: Path) -> BacktestRun:
    write_prices(folder / "prices.csv")
    prices = import_prices(folder / "prices.csv")
    features = build_features(prices)
    runs = [
        train_run(features, horizon, folder / f"h{horizon}", folds=2, purge=20, recipe=TINY)
        for horizon in (1, 20)
    ]
    predictions = predict_runs(features, [r.folder for r in runs], folder / "predictions.parquet")
    # One purge for all horizons gives them the same test windows.
    assert predictions.group_by("horizon").len()["len"].n_unique() == 1
    sized = size_positions(predictions, prices, folder, horizon=1)
    return run_backtest(sized.positions, prices, folder, records=[r.record for r in runs])


def test_the_whole_chain_is_sound_and_repeatable(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    first = run_chain(tmp_path_factory.mktemp("first"))
    assert not first.record.in_sample
    assert first.record.tickers == 3
    assert abs(first.record.metrics.sharpe or 0.0) < 4
    second = run_chain(tmp_path_factory.mktemp("second"))
    assert first.equity.equals(second.equity)
