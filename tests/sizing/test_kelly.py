import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_debugger.sizing import bet_fraction, growth_rate, return_fraction
from ml_debugger.sizing.kelly import trust


def test_thorp_sp500_example() -> None:
    fraction = return_fraction(0.11, 0.15, risk_free=0.06)
    assert fraction == pytest.approx(2.2222, abs=1e-4)
    assert growth_rate(fraction / 2, 0.11, 0.15, 0.06) == pytest.approx(0.10167, abs=1e-5)


def test_chan_spy_example() -> None:
    # Mean 11.23 % and deviation 16.91 % a year, risk-free 4 % (Quantitative Trading, chapter 6).
    fraction = return_fraction(0.1123, 0.1691, risk_free=0.04)
    assert fraction == pytest.approx(2.528, abs=1e-3)
    assert growth_rate(fraction, 0.1123, 0.1691, 0.04) == pytest.approx(0.1314, abs=1e-4)


@given(st.floats(0, 1), st.floats(0.1, 10))
def test_a_fair_bet_gets_nothing_and_a_better_one_something(p: float, payoff: float) -> None:
    fraction = bet_fraction(p, payoff)
    edge = p * payoff - (1 - p)
    assert fraction == pytest.approx(edge / payoff)


def test_trust_runs_from_nothing_at_one_half_to_everything_at_sixty_percent() -> None:
    rates = np.array([0.3, 0.5, 0.55, 0.6, 0.99])
    assert trust(rates) == pytest.approx([0, 0, 0.5, 1, 1])
