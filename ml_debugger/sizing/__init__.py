"""Predictions in, positions out: how much of each sleeve's equity is held.

A sleeve is the equal share of the portfolio that one ticker gets; a position of 1.8 holds 1.8
times the sleeve's equity long, -0.1 a tenth of it short.
"""

from ml_debugger.sizing.kelly import bet_fraction, growth_rate, return_fraction
from ml_debugger.sizing.positions import Limits, SizedRun, SizingRecord, size_positions
from ml_debugger.sizing.winrate import holdout_win_rate

__all__ = [
    "Limits",
    "SizedRun",
    "SizingRecord",
    "bet_fraction",
    "growth_rate",
    "holdout_win_rate",
    "return_fraction",
    "size_positions",
]
