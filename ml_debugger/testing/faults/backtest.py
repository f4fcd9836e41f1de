"""Faults of backtests."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl

from ml_debugger.backtest import run_backtest
from ml_debugger.testing.plant import fault
from ml_debugger.testing.times import same_time
from ml_debugger.training import ValidationRecord


@fault("no-position-lag")
def no_position_lag(workspace: Path, rng: np.random.Generator) -> str:  # noqa: ARG001
    """The backtest is run again with each position moved one session ahead of its date."""
    folder = workspace / "backtest"
    positions = pl.read_parquet(workspace / "positions" / "positions.parquet")
    early = positions.sort("ticker", "date").with_columns(
        pl.col("position").shift(-1).over("ticker")
    )
    prices = pl.read_parquet(workspace / "data" / "prices.parquet")
    record = ValidationRecord.read(workspace / "runs" / "xgb-h5" / "validation.json")
    with same_time(folder / "backtest.json", folder / "equity.parquet"):
        run_backtest(early, prices, folder, records=[record])
    return "the backtest gives each session's return to the position of the same session"


@fault("contradictory-metrics")
def contradictory_metrics(workspace: Path, rng: np.random.Generator) -> str:  # noqa: ARG001
    """The reported figures become those of a better curve than the one beside them."""
    file = workspace / "backtest" / "backtest.json"
    record = json.loads(file.read_text(encoding="utf-8"))
    figures = record["metrics"]
    figures["sharpe"] = abs(figures["sharpe"] or 0) + 3
    figures["max_drawdown"] = figures["max_drawdown"] / 3
    with same_time(file):
        file.write_text(json.dumps(record, indent=2), encoding="utf-8")
    return "a Sharpe ratio and a drawdown reported that the equity does not have"
