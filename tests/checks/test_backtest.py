"""Checks of backtests, on series whose truth is known."""

from datetime import date, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checks.backtest.contradictory_metrics import contradictory_metrics
from checks.backtest.no_position_lag import no_position_lag
from ml_debugger.artifacts import Backtest, Positions, PriceTable
from ml_debugger.backtest.metrics import (
    annual_return,
    max_drawdown,
    sharpe,
    total_return,
    volatility,
)
from ml_debugger.contract import Check, NotMeasured, Settings, Status


def judge(check: Check, *given: Any) -> Status:
    """The status of one measurement under the default limits."""
    outcome = check.run(given, Settings({}))
    if isinstance(outcome, NotMeasured):
        return Status.SKIP
    limits = {limit.name: limit for limit in check.limits}
    found = [limits[name].judge(value) for name, value in outcome.values.items()]
    return max(found, key=lambda status: status.gravity)


def weekdays(count: int) -> list[date]:
    days = (date(2020, 1, 1) + timedelta(n) for n in range(2 * count))
    return [day for day in days if day.weekday() < 5][:count]


def backtest(series: pl.DataFrame | None = None, **fields: Any) -> Backtest:
    return Backtest("backtest", "backtest.json", series=series, **({"metrics": {}} | fields))


def traded(seed: int, lag: int, days: int = 500, *, sees_today: bool = False) -> pl.DataFrame:
    """One asset, positions that change, and profit with or without a lag."""
    rng = np.random.default_rng(seed)
    move = rng.normal(0.0003, 0.012, days)
    wish = np.sign(move) if sees_today else rng.choice([-1.0, 0.0, 1.0], days)
    position = 0.8 * wish + rng.normal(0, 0.1, days)
    held = np.concatenate([np.zeros(lag), position[: days - lag]])
    gross = held * move
    cost = 0.0005 * np.abs(np.diff(held, prepend=0.0))
    return pl.DataFrame(
        {
            "date": weekdays(days),
            "position": position,
            "asset_return": move,
            "gross_return": gross,
            "cost": cost,
            "strategy_return": gross - cost,
            "equity": np.cumprod(1 + gross - cost),
        }
    )


@pytest.mark.parametrize(
    "columns", [("gross_return",), ("strategy_return", "cost"), ("strategy_return",)]
)
def test_a_lagged_backtest_is_healthy(columns: tuple[str, ...]) -> None:
    series = traded(1, lag=1).select("date", "position", "asset_return", *columns)
    assert judge(no_position_lag, backtest(series), None, None) is Status.PASS


@pytest.mark.parametrize(
    "columns", [("gross_return",), ("strategy_return", "cost"), ("strategy_return",)]
)
def test_a_record_that_claims_a_lag_which_the_series_lacks_fails(columns: tuple[str, ...]) -> None:
    series = traded(1, lag=0).select("date", "position", "asset_return", *columns)
    assert judge(no_position_lag, backtest(series, position_lag=1), None, None) is Status.FAIL


def test_positions_that_see_their_own_day_fail_without_any_claim() -> None:
    series = traded(2, lag=0, sees_today=True)
    assert judge(no_position_lag, backtest(series), None, None) is Status.FAIL


def test_a_position_column_that_may_be_lagged_already_is_not_accused() -> None:
    series = traded(3, lag=1).with_columns(pl.col("position").shift(1).fill_null(0.0))
    assert judge(no_position_lag, backtest(series), None, None) is Status.SKIP


def test_a_stated_lag_of_zero_fails() -> None:
    assert judge(no_position_lag, backtest(position_lag=0), None, None) is Status.FAIL
    assert judge(no_position_lag, backtest(position_lag=1), None, None) is Status.PASS


def test_buy_and_hold_does_not_tell_the_lag() -> None:
    series = traded(4, lag=1).with_columns(
        pl.lit(1.0).alias("position"), pl.col("asset_return").alias("gross_return")
    )
    assert judge(no_position_lag, backtest(series), None, None) is Status.SKIP


@pytest.mark.parametrize(("lag", "status"), [(1, Status.PASS), (0, Status.FAIL)])
def test_a_portfolio_is_told_by_its_positions_and_prices(lag: int, status: Status) -> None:
    rng = np.random.default_rng(5)
    days, tickers = weekdays(300), [f"T{n}" for n in range(6)]
    moves = rng.normal(0.0003, 0.012, (6, 300))
    wishes = 1 + rng.normal(0, 0.3, (6, 300))
    held = np.zeros((6, 300))
    held[:, lag:] = wishes[:, : 300 - lag]
    frame = pl.DataFrame(
        {
            "ticker": np.repeat(tickers, 300),
            "date": days * 6,
            "position": wishes.ravel(),
            "close": np.cumprod(1 + moves, axis=1).ravel(),
        }
    )
    positions = Positions(
        "positions",
        "positions.parquet",
        frame=frame.lazy().select("ticker", "date", "position"),
        names={"ticker": "ticker", "date": "date", "position": "position"},
        rows=1800,
    )
    bars = frame.lazy().select("ticker", pl.col("date").alias("time"), "close")
    prices = PriceTable("prices", "prices.parquet", frame=bars, names={"close": "close"}, rows=1800)
    series = pl.DataFrame({"date": days, "gross_return": (held * moves).mean(axis=0)})
    result = judge(no_position_lag, backtest(series, position_lag=1), positions, prices)
    assert result is status


def figures(returns: np.ndarray) -> dict[str, float]:
    found = {
        "total_return": total_return(returns),
        "max_drawdown": max_drawdown(returns),
        "sharpe": sharpe(returns),
        "volatility": volatility(returns),
        "annual_return": annual_return(returns),
    }
    return {name: value for name, value in found.items() if value is not None}


def test_figures_that_follow_from_the_equity_agree() -> None:
    series = traded(6, lag=1)
    reported = figures(series["strategy_return"].to_numpy())
    assert judge(contradictory_metrics, backtest(series, metrics=reported)) is Status.PASS


@pytest.mark.parametrize(
    "convention",
    [
        lambda r: {"sharpe": float(r.mean() / r.std() * np.sqrt(365))},
        lambda r: {"sharpe": float((r.mean() - 0.03 / 252) / r.std(ddof=1) * np.sqrt(252))},
        lambda r: {"sharpe": float(r.mean() / r.std(ddof=1))},
        lambda r: {"annual_return": float(r.mean() * 252)},
        lambda r: {"total_return": float(r.sum())},
        lambda r: {"volatility": float(r.std())},
    ],
)
def test_other_usual_conventions_are_accepted(convention: Any) -> None:
    series = traded(7, lag=1).select("date", "equity", "strategy_return")
    reported = convention(series["strategy_return"].to_numpy())
    assert judge(contradictory_metrics, backtest(series, metrics=reported)) is Status.PASS


@pytest.mark.parametrize("figure", ["total_return", "max_drawdown", "sharpe", "volatility"])
def test_a_figure_of_another_curve_fails(figure: str) -> None:
    series = traded(8, lag=1)
    reported = figures(series["strategy_return"].to_numpy())
    reported[figure] = {
        "total_return": reported["total_return"] + 0.4,
        "max_drawdown": reported["max_drawdown"] / 3,
        "sharpe": abs(reported["sharpe"]) + 3,
        "volatility": reported["volatility"] * 1.7,
    }[figure]
    assert judge(contradictory_metrics, backtest(series, metrics=reported)) is Status.FAIL


@pytest.mark.parametrize(
    ("metrics", "status"),
    [
        ({"win_rate": 0.89, "alpha": -1.26}, Status.WARN),
        ({"win_rate": 0.53, "alpha": -0.02}, Status.PASS),
        ({"total_return": -0.4, "max_drawdown": -0.2}, Status.FAIL),
        ({"total_return": 0.4, "annual_return": -0.1}, Status.WARN),
        ({"sharpe": 1.5, "annual_return": -0.2, "volatility": 0.2}, Status.WARN),
        ({"trades": 0.0, "turnover": 1e9}, Status.WARN),
        ({"max_drawdown": -1.3, "total_return": 0.2}, Status.WARN),
        ({"total_return": 0.5, "initial_equity": 1e4, "final_equity": 1.2e4}, Status.WARN),
        ({"total_return": 0.2, "initial_equity": 1e4, "final_equity": 1.2e4}, Status.PASS),
        # volatility drag: growth is 0.46 - 1.02 ** 2 / 2
        ({"sharpe": 0.455, "annual_return": -0.0125, "volatility": 1.02}, Status.PASS),
        # a risk-free rate of 4 % above the return of a quiet book
        ({"sharpe": -0.5, "annual_return": 0.02, "volatility": 0.04}, Status.PASS),
        ({"sharpe": 1.0}, Status.SKIP),
        ({}, Status.SKIP),
    ],
)
def test_figures_against_each_other(metrics: dict[str, float], status: Status) -> None:
    assert judge(contradictory_metrics, backtest(metrics=metrics)) is status


def test_a_year_is_a_year() -> None:
    window = {"start": date(2020, 1, 1), "end": date(2021, 12, 31)}
    right = {"total_return": 0.44, "annual_return": 0.20}
    wrong = {"total_return": 0.44, "annual_return": 0.90}
    assert judge(contradictory_metrics, backtest(metrics=right, **window)) is Status.PASS
    assert judge(contradictory_metrics, backtest(metrics=wrong, **window)) is Status.WARN


def test_a_series_kept_by_the_week_does_not_refute_daily_figures() -> None:
    series = traded(9, lag=1, days=1000)
    reported = figures(series["strategy_return"].to_numpy())
    weekly = series.gather_every(5).select("date", "equity")
    assert judge(contradictory_metrics, backtest(weekly, metrics=reported)) is Status.PASS


@settings(max_examples=50, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    drift=st.floats(-0.002, 0.002),
    spread=st.floats(0.001, 0.05),
    start=st.sampled_from([1.0, 100.0, 10_000.0, 1e6]),
)
def test_true_figures_are_never_refuted(
    seed: int, drift: float, spread: float, start: float
) -> None:
    returns = np.clip(np.random.default_rng(seed).normal(drift, spread, 300), -0.9, None)
    equity = pl.DataFrame({"date": weekdays(300), "equity": start * np.cumprod(1 + returns)})
    assert judge(contradictory_metrics, backtest(equity, metrics=figures(returns))) is Status.PASS
