import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from ml_debugger.inference import calibrate

returns = hnp.arrays(
    np.float64, st.integers(0, 200), elements=st.floats(-0.5, 0.5) | st.just(np.nan)
)


@given(outcomes=returns, horizon=st.sampled_from([1, 5, 20, 60]), seed=st.integers(0, 99))
def test_confidence_is_a_probability_that_rises_with_size(
    outcomes: np.ndarray, horizon: int, seed: int
) -> None:
    predictions = np.random.default_rng(seed).normal(size=len(outcomes))
    calibration = calibrate(predictions, outcomes, horizon)
    confidence = calibration.confidence(np.array([0.0, -0.3, 0.7, 50.0]))
    assert np.all((confidence >= 0) & (confidence <= 1))
    assert np.all(np.diff(confidence) >= 0)


def test_nothing_known_is_one_half() -> None:
    calibration = calibrate(np.empty(0), np.empty(0), 5)
    assert calibration.confidence(np.array([-1.0, 0.0, 9.0])).tolist() == [0.5, 0.5, 0.5]


def test_strong_predictions_that_were_right_earn_confidence() -> None:
    rng = np.random.default_rng(4)
    predictions = rng.normal(size=20_000)
    outcomes = predictions + rng.normal(0, 2, 20_000)
    calibration = calibrate(predictions, outcomes, 1)
    weak, strong = calibration.confidence(np.array([0.05, 2.5]))
    truth = np.mean(np.sign(predictions) == np.sign(outcomes))
    assert 0.49 < weak < truth < strong < 0.85


def test_overlapping_outcomes_count_for_less() -> None:
    predictions = np.ones(2_000)
    one = calibrate(predictions, predictions, 1).confidence(predictions[:1])[0]
    sixty = calibrate(predictions, predictions, 60).confidence(predictions[:1])[0]
    assert 0.5 < sixty < one < 1
    assert sixty == pytest.approx((2_000 / 60 + 100) / (2_000 / 60 + 200))
