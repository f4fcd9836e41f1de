"""Backtests: the daily series, the figures reported for them, and the rules they ran under."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING

from ml_debugger.artifacts.base import Artifact

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, eq=False)
class Backtest(Artifact):
    """One backtest.

    `series` has one row a period, ascending, with those of the canonical columns that are
    known: `date`, `equity`, `benchmark_equity`, `strategy_return` (net), `gross_return`,
    `asset_return`, `position` (units of equity; after the day's decision), `cost`, `exposure`.
    `metrics` are the reported figures under canonical names: total_return, annual_return,
    volatility, sharpe, sortino, max_drawdown (negative or zero), calmar, win_rate, alpha, beta,
    benchmark_return; returns and rates as shares, not percent. `periods_per_year` is the
    annualisation that the record states, None if it states none.
    """

    series: pl.DataFrame | None = field(repr=False)
    metrics: Mapping[str, float]
    start: date | None = None
    end: date | None = None
    trained_through: date | None = None
    in_sample: bool | None = None
    position_lag: int | None = None
    cost_bps: float | None = None
    slippage_bps: float | None = None
    periods_per_year: float | None = None
    names: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class SizingRecord(Artifact):
    """The rules that positions were sized by: limits and prior, as the record states them."""

    max_long: float | None
    max_short: float | None
    win_rate: float | None
    win_rate_source: str | None
    breaker_drawdown: float | None
    breaker_position: float | None
