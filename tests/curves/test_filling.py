"""Hours until a volume is full, and when nothing is predicted."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_debugger.curves.filling import filling

GIB = 2.0**30


def test_a_steady_fall_reaches_its_end() -> None:
    hours = [float(h) for h in range(10)]
    found = filling(hours, [(20 - h) * GIB for h in hours])
    assert found is not None
    assert found.hours == pytest.approx(11)
    assert found.rate == pytest.approx(GIB)


def test_the_trend_begins_after_space_was_freed() -> None:
    hours = [float(h) for h in range(20)]
    free = [(10 - h) * GIB for h in hours[:10]] + [(40 - 2 * h) * GIB for h in hours[:10]]
    found = filling(hours, free)
    assert found is not None
    assert (found.samples, found.hours) == (10, pytest.approx(11))


@pytest.mark.parametrize(
    ("hours", "free"),
    [
        ([], []),
        ([0.0, 1, 2, 3], [9.0, 8, 7, 6]),
        ([n / 100 for n in range(20)], [100.0 - n for n in range(20)]),
        ([float(n) for n in range(10)], [100.0] * 10),
        ([float(n) for n in range(10)], [50.0 + n for n in range(10)]),
        ([float(n) for n in range(10)], [1e6 - n for n in range(10)]),
        ([float(n) for n in range(12)], [20, 18, 16, 14, 12, 10, 10, 10, 10, 10, 10, 10]),
        ([float(n) for n in range(12)], [30, 25, 29, 24, 30, 25, 29, 24, 30, 25, 29, 24]),
    ],
    ids=["none", "few", "minutes", "flat", "rising", "too far", "has stopped", "rotation"],
)
def test_nothing_is_predicted(hours: list[float], free: list[float]) -> None:
    assert filling(hours, free) is None


@given(
    st.floats(0.5, 50),
    st.lists(st.floats(0, 1), min_size=8, max_size=30),
    st.integers(2, 30),
)
def test_small_noise_moves_the_prediction_little(
    rate: float, noise: list[float], left: int
) -> None:
    hours = [float(n) for n in range(len(noise))]
    end = rate * left
    free = [
        end + rate * (hours[-1] - h) + 0.02 * rate * n for h, n in zip(hours, noise, strict=True)
    ]
    found = filling(hours, free)
    if left <= 3 * hours[-1]:
        assert found is not None
        assert found.hours == pytest.approx(left, rel=0.1, abs=0.5)
