import numpy as np
import pytest

from ml_debugger.training.scores import constant_accuracy, directional_accuracy, weighted_mean


def test_rows_without_direction_are_left_out() -> None:
    labels = np.array([0.1, -0.1, 0.0, np.nan, 0.2])
    assert directional_accuracy(np.array([1.0, 1.0, 1.0, 1.0, 0.0]), labels) == pytest.approx(1 / 3)
    assert directional_accuracy(np.array([1.0]), np.array([np.nan])) is None


def test_the_baseline_is_the_commoner_direction_of_training() -> None:
    test = np.array([1.0, 1.0, 1.0, -1.0])
    assert constant_accuracy(np.array([1.0, 1.0, -1.0]), test) == 0.75
    assert constant_accuracy(np.array([-1.0, -1.0, 1.0]), test) == 0.25


def test_unknown_values_do_not_count() -> None:
    assert weighted_mean([0.5, None, 1.0], [1, 5, 3]) == pytest.approx(0.875)
    assert weighted_mean([None], [1]) is None
