import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_debugger.sizing.account import Costs
from ml_debugger.sizing.breaker import apply_breaker
from ml_debugger.sizing.panel import Panel

FREE = Costs(0, 0)


def panel_of(returns: list[float]) -> Panel:
    moves = np.array([[0.0], *[[r] for r in returns]])
    alive = np.ones(moves.shape, dtype=bool)
    alive[0] = False
    return Panel(
        pl.Series(range(len(moves))), ["A"], 100 * np.cumprod(1 + moves, axis=0), moves, alive
    )


def test_it_acts_on_the_day_of_the_drawdown_and_lets_go_after_recovery() -> None:
    panel = panel_of([-0.1, -0.2, 0.0, 0.3, 0.3, 0.0])
    held, days = apply_breaker(np.ones((7, 1)), panel, 0.25, 0.6, FREE)
    # Equity 0.9, 0.72 (28 % down: cut), 0.72, then 0.72 * 1.18 = 0.85 (15 % down).
    assert held.ravel() == pytest.approx([1, 1, 0.6, 0.6, 1, 1, 1])
    assert days == 2


def test_a_small_or_short_position_is_left_alone() -> None:
    panel = panel_of([-0.5, -0.9, 0.0])
    held, _ = apply_breaker(np.array([[1.0], [0.5], [-0.1], [0.2]]), panel, 0.25, 0.6, FREE)
    assert held.ravel() == pytest.approx([1.0, 0.5, -0.1, 0.2])


def test_costs_count_towards_the_drawdown() -> None:
    panel = panel_of([-0.249, 0.0])
    wanted = np.ones((3, 1))
    assert apply_breaker(wanted, panel, 0.25, 0.6, FREE)[1] == 0
    assert apply_breaker(wanted, panel, 0.25, 0.6, Costs(50, 0))[1] == 2


@given(st.lists(st.floats(-0.3, 0.3), min_size=4, max_size=30), st.integers(1, 3))
def test_a_later_return_never_changes_an_earlier_position(returns: list[float], cut: int) -> None:
    wanted = np.full((len(returns) + 1, 1), 1.8)
    whole, _ = apply_breaker(wanted, panel_of(returns), 0.25, 0.6, Costs())
    changed = [*returns[:cut], *(-r for r in returns[cut:])]
    other, _ = apply_breaker(wanted, panel_of(changed), 0.25, 0.6, Costs())
    assert np.array_equal(whole[: cut + 1], other[: cut + 1])
