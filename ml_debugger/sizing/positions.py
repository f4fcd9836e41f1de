"""Long-biased half-Kelly positions with a drawdown breaker.

position = clip(base_bias + kelly_fraction * trust * mean / variance, -max_short, max_long)

where mean is the prediction per session, variance that of the ticker's daily returns over the
last 60 sessions, and trust, 0 to 1, what the hold-out win rate allows (``kelly.trust``). While
the drawdown of the portfolio is at the breaker or beyond, no position exceeds ``breaker_position``.
Without evidence of skill the position is the base bias. The default limits are those of the
project's record (February 2026), where they were tuned on one ticker and did not carry over to a
second: they are a starting point, not a finding.
"""

from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import polars as pl

from ml_debugger.data import Progress, utc_now, write_json, write_parquet
from ml_debugger.data.progress import silent
from ml_debugger.errors import DataError, UsageError
from ml_debugger.sizing.account import Costs
from ml_debugger.sizing.breaker import apply_breaker
from ml_debugger.sizing.kelly import return_fraction, trust
from ml_debugger.sizing.panel import make_panel
from ml_debugger.sizing.winrate import holdout_win_rate

SCHEMA = "ml-debugger/sizing/1"
POSITIONS_NAME = "positions.parquet"
RECORD_NAME = "sizing.json"

_VOLATILITY_WINDOW = 60
_LEAST_RETURNS = 20


@dataclass(frozen=True, slots=True)
class Limits:
    """The rules of sizing, in units of a sleeve's equity."""

    max_long: float = 1.8
    max_short: float = 0.1
    """How far a position may go below 0, as a positive number."""
    base_bias: float = 1.30
    breaker_drawdown: float = 0.25
    """Loss from the peak of equity, as a positive fraction, at which the breaker acts."""
    breaker_position: float = 0.60
    kelly_fraction: float = 0.5

    def __post_init__(self) -> None:
        if not -self.max_short <= self.base_bias <= self.max_long or self.max_short < 0:
            raise UsageError("base_bias must lie between -max_short and max_long")
        if not 0 < self.breaker_drawdown < 1 or not 0 < self.kelly_fraction <= 1:
            raise UsageError("breaker_drawdown and kelly_fraction must lie between 0 and 1")


@dataclass(frozen=True, slots=True)
class SizingRecord:
    """What sizing was done with; stored as ``sizing.json``."""

    horizon: int
    max_long: float
    max_short: float
    base_bias: float
    breaker_drawdown: float
    breaker_position: float
    kelly_fraction: float
    win_rate: float
    """On the last date; earlier dates were sized by what was known on them."""
    win_rate_source: str
    win_rate_rows: int
    breaker_days: int
    """Dates on which the breaker held positions down."""
    cost_bps: float
    slippage_bps: float
    created: str


@dataclass(frozen=True, slots=True)
class SizedRun:
    """What sizing left in its folder."""

    positions: pl.DataFrame
    """``ticker, date, position, prediction``, sorted by ticker and date."""
    record: SizingRecord


def size_positions(
    predictions: pl.DataFrame,
    prices: pl.DataFrame,
    folder: Path,
    *,
    horizon: int = 5,
    limits: Limits | None = None,
    costs: Costs | None = None,
    progress: Progress | None = None,
) -> SizedRun:
    """Sizes the predictions of one horizon and writes ``positions.parquet`` and ``sizing.json``.

    The position of a date uses nothing after it: variance and win rate are those known on it, and
    the breaker watches the equity up to and including it, costs paid. Predictions must be out of
    fold, as ``predict_runs`` gives them. Raises ``DataError`` without predictions of the horizon
    or without their prices.
    """
    report, limits, costs = progress or silent, limits or Limits(), costs or Costs()
    report("size", 0, 1)
    chosen = predictions.filter(pl.col("horizon") == horizon)
    if not len(chosen):
        known = sorted(predictions["horizon"].unique().to_list())
        raise DataError(f"no predictions for horizon {horizon}; the table has {known}")
    win_rates = holdout_win_rate(chosen, prices, horizon)
    wanted = _wanted(chosen, prices, win_rates, limits)
    positions, days = _broken(wanted, prices, limits, costs)
    record = SizingRecord(
        horizon=horizon,
        **asdict(limits),
        win_rate=win_rates["win_rate"][-1],
        win_rate_source="hold-out",
        win_rate_rows=win_rates["rows"][-1],
        breaker_days=days,
        cost_bps=costs.cost_bps,
        slippage_bps=costs.slippage_bps,
        created=utc_now(),
    )
    write_parquet(positions, folder / POSITIONS_NAME)
    write_json({"schema": SCHEMA, **asdict(record)}, folder / RECORD_NAME)
    report("size", 1, 1)
    return SizedRun(positions, record)


def _wanted(
    predictions: pl.DataFrame, prices: pl.DataFrame, win_rates: pl.DataFrame, limits: Limits
) -> pl.DataFrame:
    """Positions before the breaker, as column ``position`` beside the predictions."""
    table = (
        predictions.join(_volatility(prices), on=["ticker", "date"], how="left")
        .join(win_rates, on="date")
        .sort("ticker", "date")
    )
    if table["has_bar"].null_count():
        ticker, day = table.filter(pl.col("has_bar").is_null()).select("ticker", "date").row(0)
        raise DataError(f"a prediction for {ticker} on {day} has no bar in the price table")
    mean = (table["prediction"] / table["horizon"]).to_numpy()
    deviation = table["volatility"].fill_null(0.0).to_numpy()
    moving = deviation > 0
    kelly = np.zeros(len(table))
    kelly[moving] = return_fraction(mean[moving], deviation[moving])
    tilt = limits.kelly_fraction * trust(table["win_rate"].to_numpy()) * kelly
    position = np.clip(limits.base_bias + tilt, -limits.max_short, limits.max_long)
    return table.with_columns(pl.Series("position", position))


def _broken(
    wanted: pl.DataFrame, prices: pl.DataFrame, limits: Limits, costs: Costs
) -> tuple[pl.DataFrame, int]:
    """Positions after the breaker, and the number of dates on which it acted."""
    tickers = wanted["ticker"].unique().to_list()
    panel = make_panel(prices.filter(pl.col("ticker").is_in(tickers)))
    held, days = apply_breaker(
        panel.matrix(wanted, "position"),
        panel,
        limits.breaker_drawdown,
        limits.breaker_position,
        costs,
    )
    position = panel.values(held, wanted)
    return wanted.select("ticker", "date", pl.Series("position", position), "prediction"), days


def _volatility(prices: pl.DataFrame) -> pl.DataFrame:
    change = pl.col("close") / pl.col("close").shift(1) - 1
    deviation = change.rolling_std(_VOLATILITY_WINDOW, min_samples=_LEAST_RETURNS)
    return prices.sort("ticker", "date").select(
        "ticker",
        "date",
        deviation.over("ticker").alias("volatility"),
        pl.lit(True).alias("has_bar"),
    )
