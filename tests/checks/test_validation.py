"""Checks of validation records."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.validation.low_wfe import low_wfe
from checks.validation.wrong_wfe_formula import wrong_wfe_formula
from ml_debugger.artifacts import Fold, ValidationRecord
from ml_debugger.contract import Check, NotMeasured, Settings, Status
from ml_debugger.training.efficiency import walk_forward_efficiency


def judge(check: Check, *given: Any) -> Status:
    """The status of one measurement under the default limits."""
    outcome = check.run(given, Settings({}))
    if isinstance(outcome, NotMeasured):
        return Status.SKIP
    limits = {limit.name: limit for limit in check.limits}
    found = [limits[name].judge(value) for name, value in outcome.values.items()]
    return max(found, key=lambda status: status.gravity)


def record(
    validation: float | None,
    test: float | None,
    wfe: float | None = None,
    rows: int | None = None,
    folds: tuple[Fold, ...] = (),
) -> ValidationRecord:
    return ValidationRecord(
        "validation",
        "validation.json",
        model="xgboost",
        horizon=5,
        folds=folds,
        train_accuracy=None,
        validation_accuracy=validation,
        test_accuracy=test,
        wfe=wfe,
        wfe_recorded=wfe is not None,
        test_rows=rows,
    )


@pytest.mark.parametrize(
    ("validation", "test", "status"),
    [
        (0.55, 0.54, Status.PASS),
        (0.55, 0.5225, Status.WARN),
        (0.55, 0.51, Status.FAIL),
        (0.55, 0.48, Status.FAIL),
        (0.5005, 0.52, Status.SKIP),
        (None, 0.52, Status.SKIP),
    ],
)
def test_efficiency_against_its_gates(validation: float, test: float, status: Status) -> None:
    assert judge(low_wfe, record(validation, test)) is status


def test_few_test_rows_leave_room_for_noise() -> None:
    assert judge(low_wfe, record(0.55, 0.515, rows=500)) is Status.PASS
    assert judge(low_wfe, record(0.55, 0.515, rows=200_000)) is Status.FAIL


def test_the_mean_of_folds_serves_where_the_record_has_no_total() -> None:
    folds = (Fold(None, 0.56, 0.51, None), Fold(None, 0.54, 0.50, None))
    assert judge(low_wfe, record(None, None, folds=folds)) is Status.FAIL


def test_the_recorded_mistake_is_found() -> None:
    assert judge(wrong_wfe_formula, record(0.55, 0.52, wfe=94.5)) is Status.FAIL
    assert judge(wrong_wfe_formula, record(0.55, 0.52, wfe=94.545454)) is Status.FAIL
    assert judge(wrong_wfe_formula, record(0.55, 0.52, wfe=40.0)) is Status.PASS


def test_a_coin_recorded_as_perfect_is_found() -> None:
    assert judge(wrong_wfe_formula, record(0.5, 0.5, wfe=100.0)) is Status.FAIL


def test_one_wrong_fold_is_enough() -> None:
    folds = (Fold(None, 0.56, 0.53, 50.0), Fold(None, 0.5432, 0.5211, 95.93))
    assert judge(wrong_wfe_formula, record(None, None, folds=folds)) is Status.FAIL


def test_another_convention_is_left_alone() -> None:
    assert judge(wrong_wfe_formula, record(0.5512, 0.5231, wfe=61.0)) is Status.PASS


def test_nothing_recorded_is_not_measured() -> None:
    assert judge(wrong_wfe_formula, record(0.55, 0.52)) is Status.SKIP


accuracies = st.floats(0.51, 0.70)


@given(validation=accuracies, test=st.floats(0.40, 0.70), places=st.integers(2, 6))
def test_the_right_formula_is_never_accused(validation: float, test: float, places: int) -> None:
    wfe = walk_forward_efficiency(validation, test)
    assert wfe is not None
    rounded = record(round(validation, places), round(test, places), wfe=round(wfe, 1))
    if round(validation, places) > 0.5:
        assert judge(wrong_wfe_formula, rounded) is Status.PASS


@given(validation=st.integers(5301, 6199), keep=st.floats(0.0, 0.8))
def test_the_raw_ratio_is_found(validation: int, keep: float) -> None:
    # the last of four digits is odd, so that both keep all of them
    better = (validation | 1) / 10_000
    worse = (int(10_000 * (0.5 + keep * (better - 0.5))) | 1) / 10_000
    wrong = record(better, worse, wfe=round(100 * worse / better, 2))
    assert judge(wrong_wfe_formula, wrong) is Status.FAIL
