"""Moments and durations in cells."""

import pytest

from ml_debugger.readers.training.moments import duration, moment


@pytest.mark.parametrize(
    ("cell", "seconds"),
    [
        (1735689600, 1735689600),
        (1735689600123, 1735689600.123),
        ("1735689600.5", 1735689600.5),
        ("2025-01-01T00:00:00Z", 1735689600),
        ("2025-01-01 01:00:00,500", 1735693200.5),
        ("2025/01/01 00:00:00", 1735689600),
        ("2025-01-01T01:00:00+01:00", 1735689600),
    ],
)
def test_moments(cell: object, seconds: float) -> None:
    assert moment(cell) == pytest.approx(seconds)


@pytest.mark.parametrize("cell", [0.5, 12, True, None, "00:12", "2025-01-01", "nan", 1e300, ""])
def test_other_cells_are_no_moments(cell: object) -> None:
    assert moment(cell) is None


def test_durations() -> None:
    assert (duration("00:12"), duration("1:02:03"), duration("12")) == (12, 3723, None)
