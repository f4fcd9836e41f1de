from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, reject
from hypothesis import strategies as st

from ml_debugger.errors import UsageError
from ml_debugger.training import walk_forward
from ml_debugger.training.splits import Mode

SESSIONS = [date(2000, 1, 3) + timedelta(days=n) for n in range(3000)]

modes = st.sampled_from(["anchored", "rolling"])


@given(
    count=st.integers(400, 3000),
    horizon=st.integers(1, 60),
    folds=st.integers(1, 8),
    mode=modes,
    more=st.integers(0, 30),
    embargo=st.integers(0, 20),
)
def test_windows_are_in_order_and_apart(
    count: int, horizon: int, folds: int, mode: Mode, more: int, embargo: int
) -> None:
    sessions = SESSIONS[:count]
    place = {day: n for n, day in enumerate(sessions)}
    try:
        plan = walk_forward(
            sessions, horizon, folds=folds, mode=mode, purge=horizon + more, embargo=embargo
        )
    except UsageError:
        reject()  # too few sessions
    gap = horizon + more + embargo
    assert len(plan) == folds
    for fold in plan:
        train, validation, test = (
            (place[w.start], place[w.end]) for w in (fold.train, fold.validation, fold.test)
        )
        assert 0 <= train[0] < train[1] < validation[0] < validation[1] < test[0] < test[1]
        assert validation[0] - train[1] - 1 >= gap
        assert test[0] - validation[1] - 1 >= gap
    for before, after in pairwise(plan):
        assert place[after.test.start] == place[before.test.end] + 1
    assert plan[-1].test.end == sessions[-1]


def test_anchored_windows_grow_and_rolling_ones_move() -> None:
    anchored = walk_forward(SESSIONS[:1000], 5)
    rolling = walk_forward(SESSIONS[:1000], 5, mode="rolling")
    assert {fold.train.start for fold in anchored} == {SESSIONS[0]}
    lengths = {(fold.train.end - fold.train.start).days for fold in rolling}
    assert len(lengths) == 1
    assert rolling[0].train.start < rolling[1].train.start


def test_a_purge_shorter_than_the_horizon_is_refused() -> None:
    with pytest.raises(UsageError, match="purge of 5 sessions is shorter than the horizon of 20"):
        walk_forward(SESSIONS[:1000], 20, purge=5)


def test_too_few_sessions_are_refused_with_the_number_needed() -> None:
    with pytest.raises(UsageError, match="100 sessions are too few for 4 folds at horizon 60"):
        walk_forward(SESSIONS[:100], 60)


@pytest.mark.parametrize("wrong", [{"folds": 0}, {"embargo": -1}])
def test_impossible_numbers_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(UsageError):
        walk_forward(SESSIONS[:1000], 5, **wrong)
