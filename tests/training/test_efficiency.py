import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_debugger.training import walk_forward_efficiency


def test_the_recorded_example_is_forty_percent() -> None:
    assert walk_forward_efficiency(0.55, 0.52) == pytest.approx(40.0)


@pytest.mark.parametrize("validation", [0.3, 0.5, 0.5005])
def test_no_validation_skill_leaves_it_undefined(validation: float) -> None:
    assert walk_forward_efficiency(validation, 0.6) is None


@given(st.floats(0.502, 1.0), st.floats(0.0, 1.0))
def test_its_sign_is_that_of_the_test_skill(validation: float, test: float) -> None:
    efficiency = walk_forward_efficiency(validation, test)
    assert efficiency is not None
    assert (efficiency > 0) == (test > 0.5)


@given(st.floats(0.502, 1.0))
def test_a_test_as_good_as_validation_is_a_hundred(accuracy: float) -> None:
    assert walk_forward_efficiency(accuracy, accuracy) == pytest.approx(100)
