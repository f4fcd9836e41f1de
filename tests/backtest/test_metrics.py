"""Against the published test values of empyrical-reloaded (tests/test_stats.py)."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from ml_debugger.backtest import measure, metrics

MIXED = np.array([np.nan, 1.0, 10.0, -4.0, 2.0, 3.0, 2.0, 1.0, -10.0]) / 100
NEGATIVE = np.array([np.nan, -6.0, -7.0, -1.0, -9.0, -2.0, -6.0, -8.0, -5.0]) / 100
KNOWN = metrics.finite(MIXED)


def test_ratios_have_the_published_values() -> None:
    assert metrics.sharpe(KNOWN) == pytest.approx(1.7238613961706866)
    assert metrics.sortino(KNOWN) == pytest.approx(2.605531251673693)
    assert metrics.downside_risk(KNOWN) == pytest.approx(0.60448325038829653)
    assert metrics.volatility(KNOWN) == pytest.approx(0.9136465399704637)
    assert metrics.max_drawdown(KNOWN) == pytest.approx(-0.1)


def test_annual_return_counts_the_returns_it_is_given() -> None:
    # The published value counts the missing first session as one without return.
    with_first = np.nan_to_num(MIXED)
    assert metrics.annual_return(with_first) == pytest.approx(1.9135925373194231)
    assert metrics.calmar(with_first) == pytest.approx(19.135925373194233)
    assert metrics.annual_return(KNOWN) == pytest.approx(2.3303, abs=1e-4)


def test_value_at_risk_is_historical() -> None:
    values = np.array([1.0, 81, 82, 83, 84, 85])
    assert metrics.value_at_risk(values, 0.1) == pytest.approx(41)
    assert metrics.value_at_risk(values, 0.3) == pytest.approx(81.5)
    assert metrics.expected_shortfall(values, 0.1) == 1
    assert metrics.expected_shortfall(values, 0.4) == pytest.approx((1 + 81 + 82) / 3)


def test_alpha_and_beta_have_the_published_values() -> None:
    assert metrics.alpha(MIXED, NEGATIVE) == pytest.approx(-0.9997853834885004)
    assert metrics.beta(MIXED, NEGATIVE) == pytest.approx(-0.71296296296296313)
    assert metrics.beta(MIXED, -MIXED) == pytest.approx(-1)
    assert metrics.alpha(MIXED, MIXED) == pytest.approx(0)


def test_what_is_not_defined_is_none() -> None:
    flat = np.zeros(10)
    figures = measure(flat, flat, flat)
    assert figures.total_return == 0
    for name in ("sharpe", "sortino", "calmar", "win_rate", "alpha", "beta"):
        assert getattr(figures, name) is None
    empty = measure(np.empty(0), np.empty(0), np.empty(0))
    assert empty.volatility is None
    assert empty.annual_return is None


def test_days_without_a_position_are_no_losses() -> None:
    assert metrics.win_rate(np.array([0.0, 0.01, 0.02, -0.01, 0.0])) == pytest.approx(2 / 3)


@given(hnp.arrays(np.float64, st.integers(2, 60), elements=st.floats(-0.2, 0.2)))
def test_figures_are_finite_or_none_and_in_range(returns: np.ndarray) -> None:
    figures = measure(returns, returns[::-1], np.abs(returns))
    for value in vars_of(figures):
        assert value is None or np.isfinite(value)
    assert -1 <= figures.max_drawdown <= 0
    assert figures.total_return >= -1


def vars_of(figures: metrics.Metrics) -> list[float | None]:
    return [getattr(figures, name) for name in metrics.Metrics.__slots__]
