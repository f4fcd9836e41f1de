from datetime import date

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml_debugger.backtest import Costs, buy_and_hold, simulate
from ml_debugger.sizing.panel import Panel, make_panel

FREE = Costs(0, 0)


def panel_of(closes: list[list[float | None]]) -> Panel:
    """One list per ticker."""
    rows = [
        (f"T{n}", date(2024, 1, day + 1), close)
        for n, series in enumerate(closes)
        for day, close in enumerate(series)
        if close is not None
    ]
    return make_panel(pl.DataFrame(rows, schema=["ticker", "date", "close"], orient="row"))


def column(*values: float) -> np.ndarray:
    return np.array(values)[:, None]


def test_a_position_earns_the_next_days_return() -> None:
    panel = panel_of([[100, 110, 99, 99]])
    result = simulate(column(0, 1, 0, 0), panel, FREE)
    assert result.net == pytest.approx([0, 0, -0.1, 0])


def test_knowing_todays_return_today_earns_nothing_of_it() -> None:
    rng = np.random.default_rng(0)
    closes = 100 * np.cumprod(1 + rng.normal(0, 0.02, 500))
    panel = make_panel(
        pl.DataFrame(
            {
                "ticker": ["A"] * 500,
                "date": pl.date_range(date(2020, 1, 1), date(2021, 5, 14), "1d", eager=True),
                "close": closes,
            }
        )
    )
    oracle_too_late = np.sign(panel.returns)
    lagged = simulate(oracle_too_late, panel, FREE)
    assert abs(lagged.net.mean() / lagged.net.std()) < 0.15
    assert np.corrcoef(lagged.exposure, panel.returns[:, 0])[0, 1] < 0.2


def test_costs_are_charged_on_what_is_traded() -> None:
    panel = panel_of([[100.0] * 5])
    result = simulate(column(1, 1, 0.5, -0.1, -0.1), panel, Costs(5, 2))
    assert result.turnover == pytest.approx([0, 1, 0, 0.5, 0.6])
    assert result.net == pytest.approx(-7e-4 * np.array([0, 1, 0, 0.5, 0.6]))
    assert result.gross.tolist() == [0] * 5


def test_sleeves_are_equal_and_only_living_tickers_have_one() -> None:
    panel = panel_of([[100, 110, 110, 110], [None, None, 50, 100]])
    result = simulate(np.ones((4, 2)), panel, FREE)
    # The second ticker's first return is that of the last day.
    assert result.gross == pytest.approx([0, 0.1, 0, 0.5])
    assert result.exposure == pytest.approx([0, 1, 1, 1])


def test_over_a_missing_bar_the_position_is_held() -> None:
    panel = panel_of([[100, 100, None, 150], [10, 10, 10, 10]])
    positions = np.array([[1.0, 0], [1.0, 0], [np.nan, 0], [1.0, 0]])
    result = simulate(positions, panel, FREE)
    assert result.gross == pytest.approx([0, 0, 0, 0.25])
    assert result.turnover[2:].tolist() == [0, 0]


def test_after_the_last_bar_the_position_is_sold_at_cost() -> None:
    panel = panel_of([[100, 100, None, None], [10, 10, 10, 10]])
    result = simulate(np.array([[1.0, 0]] * 4), panel, Costs(10, 0))
    assert result.exposure == pytest.approx([0, 0.5, 0, 0])
    assert result.cost == pytest.approx([0, 5e-4, 5e-4, 0])


def test_a_total_loss_stays_one() -> None:
    panel = panel_of([[100, 10, 100, 100]])
    assert simulate(column(1.8, 1.8, 1.8, 1.8), panel, FREE).equity.tolist() == [1, 0, 0, 0]


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), tickers=st.integers(1, 5))
def test_it_agrees_with_a_day_by_day_account(seed: int, tickers: int) -> None:
    rng = np.random.default_rng(seed)
    closes = 100 * np.cumprod(1 + rng.normal(0, 0.02, (20, tickers)), axis=0)
    panel = panel_of([list(series) for series in closes.T])
    positions = rng.uniform(-0.1, 1.8, (20, tickers))
    equity, weights = 1.0, np.zeros(tickers)
    for day in range(1, 20):
        now = positions[day - 1] / tickers
        earned = sum(now * (closes[day] / closes[day - 1] - 1))
        equity *= 1 + earned - 7e-4 * sum(abs(now - weights))
        weights = now
    assert simulate(positions, panel, Costs()).equity[-1] == pytest.approx(equity)


def test_buy_and_hold_lets_winners_grow() -> None:
    panel = panel_of([[100, 200, 400], [100, 50, 25]])
    assert buy_and_hold(panel, FREE).equity == pytest.approx([1, 1.25, 2.125])


def test_buy_and_hold_keeps_cash_for_a_late_ticker() -> None:
    panel = panel_of([[100, 200, 200, 200], [None, 100, 150, 150]])
    result = buy_and_hold(panel, FREE)
    assert result.equity == pytest.approx([1, 1.5, 1.75, 1.75])
    assert result.turnover == pytest.approx([0, 0.5, 0.5, 0])


def test_buying_is_paid_once() -> None:
    panel = panel_of([[100.0, 100.0, 100.0]])
    assert buy_and_hold(panel, Costs(10, 0)).equity == pytest.approx([1, 0.999, 0.999])
