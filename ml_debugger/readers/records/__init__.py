"""Readers of JSON records: what training, sizing and backtesting reported."""

from ml_debugger.readers.records import backtest, indices, plan, sizing, trials, validation

READERS = (
    sizing.READER,
    validation.READER,
    backtest.READER,
    indices.READER,
    trials.READER,
    plan.READER,
)
"""The more specific record first."""

__all__ = ["READERS"]
