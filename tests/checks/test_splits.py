"""Checks of splits."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.leakage.missing_purge import missing_purge
from checks.leakage.split_overlap import split_overlap
from ml_debugger.artifacts import Split, Window
from ml_debugger.contract import Check, NotMeasured, Settings, Status


def judge(check: Check, *given: Any) -> Status:
    """The status of one measurement under the default limits."""
    outcome = check.run(given, Settings({}))
    if isinstance(outcome, NotMeasured):
        return Status.SKIP
    limits = {limit.name: limit for limit in check.limits}
    found = [limits[name].judge(value) for name, value in outcome.values.items()]
    return max(found, key=lambda status: status.gravity)


def split(*windows: tuple[str, int | None, str, str], **fields: Any) -> Split:
    known = {"horizon": None, "lookback": None, "purge": None} | fields
    return Split(
        "split",
        "validation.json",
        windows=tuple(
            Window(part, fold, date.fromisoformat(start), date.fromisoformat(end))
            for part, fold, start, end in windows
        ),
        **known,
    )


CLEAN = (
    ("train", 0, "2020-01-02", "2020-12-31"),
    ("validation", 0, "2021-01-18", "2021-03-31"),
    ("test", 0, "2021-04-15", "2021-06-30"),
)


def test_separate_parts_share_nothing() -> None:
    assert judge(split_overlap, split(*CLEAN)) is Status.PASS


def test_a_shared_month_fails() -> None:
    late = ("train", 0, "2020-01-02", "2021-02-15")
    assert judge(split_overlap, split(late, *CLEAN[1:])) is Status.FAIL


def test_one_shared_day_fails_when_the_other_boundary_is_closed() -> None:
    late = ("train", 0, "2020-01-02", "2021-01-18")
    assert judge(split_overlap, split(late, *CLEAN[1:])) is Status.FAIL


def test_boundaries_that_all_touch_are_half_open_intervals() -> None:
    touching = (
        ("train", None, "2020-01-02", "2021-01-04"),
        ("validation", None, "2021-01-04", "2021-04-01"),
        ("test", None, "2021-04-01", "2021-07-01"),
    )
    assert judge(split_overlap, split(*touching)) is Status.PASS


def test_a_later_fold_may_train_on_an_earlier_test() -> None:
    walk = (
        ("train", 0, "2020-01-02", "2020-06-30"),
        ("test", 0, "2020-07-15", "2020-09-30"),
        ("train", 1, "2020-01-02", "2020-09-30"),
        ("test", 1, "2020-10-15", "2020-12-31"),
    )
    assert judge(split_overlap, split(*walk)) is Status.PASS


def test_a_k_fold_shows_only_the_ends_of_its_training_parts() -> None:
    folds = [
        window
        for number in range(4)
        for window in (
            ("train", number, "2020-01-01", "2020-12-31"),
            ("test", number, f"2020-{3 * number + 1:02d}-01", f"2020-{3 * number + 3:02d}-30"),
        )
    ]
    assert judge(split_overlap, split(*folds)) is Status.PASS


def test_rows_that_carry_two_parts_fail() -> None:
    assert judge(split_overlap, split(*CLEAN, shared_rows=12)) is Status.FAIL
    assert judge(split_overlap, split(*CLEAN, shared_rows=0)) is Status.PASS


def test_parts_of_one_day_by_the_hour_do_not_overlap() -> None:
    noon = datetime(2021, 1, 4, 12)
    intraday = Split(
        "split",
        None,
        windows=(
            Window("train", None, datetime(2021, 1, 1), noon - timedelta(minutes=5)),
            Window("test", None, noon, datetime(2021, 1, 5)),
        ),
        horizon=None,
        lookback=None,
        purge=None,
    )
    assert judge(split_overlap, intraday) is Status.PASS


def test_one_part_alone_is_not_measured() -> None:
    assert judge(split_overlap, split(CLEAN[0])) is Status.SKIP


@pytest.mark.parametrize(
    ("horizon", "status"),
    [(1, Status.PASS), (5, Status.PASS), (10, Status.PASS), (20, Status.FAIL)],
)
def test_the_gap_is_counted_in_sessions(horizon: int, status: Status) -> None:
    # 2021-01-01 to 2021-01-15 are 11 weekdays, 2021-04-01 to 2021-04-14 are 10
    assert judge(missing_purge, split(*CLEAN, horizon=horizon)) is status


def test_labels_of_one_session_need_no_gap() -> None:
    adjacent = (
        ("train", None, "2020-01-02", "2020-12-31"),
        ("test", None, "2021-01-01", "2021-06-30"),
    )
    assert judge(missing_purge, split(*adjacent, horizon=1)) is Status.PASS
    assert judge(missing_purge, split(*adjacent, horizon=5)) is Status.FAIL


def test_a_stated_lookback_widens_the_gap() -> None:
    assert judge(missing_purge, split(*CLEAN, horizon=5, lookback=60)) is Status.WARN
    assert judge(missing_purge, split(*CLEAN, horizon=5, lookback=0)) is Status.PASS


def test_known_sessions_are_counted_instead_of_weekdays() -> None:
    sessions = (date(2020, 12, 31), date(2021, 1, 18), date(2021, 3, 31), date(2021, 4, 15))
    assert judge(missing_purge, split(*CLEAN, horizon=5, sessions=sessions)) is Status.FAIL


def test_a_purge_that_the_dates_do_not_show_is_a_warning() -> None:
    adjacent = (
        ("train", None, "2020-01-02", "2020-12-31"),
        ("test", None, "2021-01-01", "2021-06-30"),
    )
    assert judge(missing_purge, split(*adjacent, horizon=5, purge=5)) is Status.WARN


def test_nothing_stated_is_not_measured() -> None:
    assert judge(missing_purge, split(*CLEAN)) is Status.SKIP


@given(horizon=st.integers(2, 80), missing=st.integers(0, 79))
def test_labels_fail_exactly_where_they_overlap(horizon: int, missing: int) -> None:
    gap = max(horizon - 1 - missing, 0)
    days = [date(2020, 1, 1) + timedelta(n) for n in range(300)]
    windows = (
        ("train", None, str(days[0]), str(days[99])),
        ("test", None, str(days[100 + gap]), str(days[250])),
    )
    found = judge(missing_purge, split(*windows, horizon=horizon, sessions=tuple(days)))
    assert found is (Status.PASS if gap >= horizon - 1 else Status.FAIL)
