import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_debugger.contract import Limit, Status

ABOVE = Limit("share", "share", "above", "a share", "a test", fail=0.2, warn=0.1)
BELOW = Limit("rows", "rows", "below", "rows", "a test", skip=30)


@pytest.mark.parametrize(
    ("value", "status"),
    [
        (0.0, Status.PASS),
        (0.1, Status.PASS),
        (0.11, Status.WARN),
        (0.2, Status.WARN),
        (0.21, Status.FAIL),
        (math.inf, Status.FAIL),
        (math.nan, Status.SKIP),
    ],
)
def test_a_value_strictly_beyond_a_level_has_its_status(value: float, status: Status) -> None:
    assert ABOVE.judge(value) is status


def test_too_little_evidence_is_a_skip_and_never_a_pass() -> None:
    assert BELOW.judge(29) is Status.SKIP
    assert BELOW.judge(30) is Status.PASS


def test_an_override_replaces_only_the_levels_it_names() -> None:
    changed = ABOVE.override({"fail": 0.5})
    assert (changed.warn, changed.fail) == (0.1, 0.5)
    assert changed.judge(0.3) is Status.WARN


@given(st.floats(allow_nan=False), st.floats(allow_nan=False))
def test_a_worse_value_never_has_a_better_status(one: float, other: float) -> None:
    better, worse = sorted((one, other))
    assert ABOVE.judge(better).gravity <= ABOVE.judge(worse).gravity
