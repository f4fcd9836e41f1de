"""Positions in, equity and its record out, beside buy-and-hold; the last of the engine's rooms."""

from ml_debugger.backtest.engine import Simulation, buy_and_hold, simulate
from ml_debugger.backtest.metrics import Metrics, measure
from ml_debugger.backtest.run import BacktestRecord, BacktestRun, run_backtest
from ml_debugger.sizing.account import Costs

__all__ = [
    "BacktestRecord",
    "BacktestRun",
    "Costs",
    "Metrics",
    "Simulation",
    "buy_and_hold",
    "measure",
    "run_backtest",
    "simulate",
]
