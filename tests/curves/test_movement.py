"""Statistics of curves that several checks share."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_debugger.artifacts import Curve
from ml_debugger.curves.alignment import counts_until, values_at
from ml_debugger.curves.blocks import blocks
from ml_debugger.curves.movement import movement
from ml_debugger.curves.points import Points, finite
from ml_debugger.curves.printing import last_place
from ml_debugger.curves.rank_correlation import rank_correlation


def points_of(values, steps=None) -> Points:
    count = len(values)
    steps = list(range(count)) if steps is None else steps
    return finite(Curve("x", "x", steps, [float(v) for v in values], list(range(1, count + 1))))


def test_values_that_held_at_the_steps_of_another_curve() -> None:
    rates, losses = points_of([1, 2, 3], [0, 10, 20]), points_of([0] * 5, [0, 5, 10, 19, 40])
    assert values_at(rates, losses) == [1, 1, 2, 2, 3]
    assert counts_until(rates, losses) == [1, 1, 2, 2, 3]
    assert values_at(points_of([]), losses) == []


def test_lines_tell_where_a_counter_goes_back() -> None:
    rates = points_of([1, 2, 3, 4], [0, 1, 0, 1])
    assert values_at(rates, points_of([0] * 4, [0, 1, 0, 1])) == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("values", "unit"),
    [([0.001, 0.0], 1e-3), ([0.00025, 0.001], 1e-5), ([1e-05], 1e-5), ([100, 200], 1.0), ([], 1.0)],
)
def test_the_last_place_that_a_log_prints(values, unit: float) -> None:
    assert last_place(values) == pytest.approx(unit)


@given(st.lists(st.floats(1e-3, 1e3), min_size=1, max_size=300), st.integers(1, 50))
def test_blocks_are_few_and_within_the_curve(values: list[float], most: int) -> None:
    made = blocks(points_of(values), most)
    assert 0 < len(made) <= max(most, 1)
    assert min(values) <= min(made.values)
    assert max(made.values) <= max(values)


def test_a_movement_beyond_noise() -> None:
    rng = np.random.default_rng(0)
    flat, falling = 1 + 0.1 * rng.standard_normal(100), np.linspace(1, 0.5, 100)
    still, fell = movement(list(flat)), movement(list(falling + 0.05 * rng.standard_normal(100)))
    assert still is not None
    assert fell is not None
    assert (still.fell(), still.rose()) == (False, False)
    assert (fell.fell(), fell.rose()) == (True, False)
    assert fell.fall == pytest.approx(0.4, abs=0.05)
    assert movement([1.0] * 5) is None


def test_short_curves_move_in_perfect_order_only() -> None:
    down, mixed = movement([6, 5, 4, 3, 2, 1]), movement([6, 5, 2, 4, 2, 1])
    assert down is not None
    assert mixed is not None
    assert (down.fell(), mixed.fell()) == (True, False)


def test_rank_correlation_against_published_values() -> None:
    # the example of ten IQs and hours of television: rho = -29/165
    hours = [7, 27, 2, 50, 28, 29, 20, 12, 6, 17]
    scores = [106, 100, 86, 101, 99, 103, 97, 113, 112, 110]
    assert rank_correlation(scores, hours) == pytest.approx(-29 / 165)
    assert rank_correlation([1, 2, 3], [1, 1, 1]) == 0
    assert rank_correlation([1, 2, 2, 3], [1, 2, 2, 3]) == pytest.approx(1)
    assert math.isclose(rank_correlation([1, 2, 3, 4], [4, 3, 2, 1]), -1)
