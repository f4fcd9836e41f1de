import pytest

from ml_debugger.contract import ResultEvidence
from ml_debugger.report.wording import fact, number


@pytest.mark.parametrize(
    ("value", "text"),
    [(1234567, "1,234,567"), (0.1234567, "0.123457"), (float("nan"), "nan"), (True, "True")],
)
def test_numbers(value: float, text: str) -> None:
    assert number(value) == text


def test_a_fact_carries_unit_limit_and_place() -> None:
    evidence = ResultEvidence("first_step", 340, "step", 10.0, "row 341")
    assert fact(evidence) == "first step: step 340 (limit 10), row 341"


def test_one_of_a_unit_is_not_many() -> None:
    assert fact(ResultEvidence("gap", 1, "sessions", None, None)) == "gap: 1 session"


@pytest.mark.parametrize(
    ("share", "unit", "text"),
    [
        (1.0, "share of trees", "100 % of trees (limit 50 %)"),
        (0.997, "share of predictions", "99.7 % of predictions (limit 50 %)"),
        ("none", "share", "none share (limit 0.5)"),
    ],
)
def test_a_share_of_something_is_told_in_percent(share: float | str, unit: str, text: str) -> None:
    assert fact(ResultEvidence("seen", share, unit, 0.5)) == f"seen: {text}"


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0.0229885, "2.3 % (limit 1 %)"),
        (2.55702e-05, "0.00256 % (limit 1 %)"),
        (1.0, "100 % (limit 1 %)"),
        (0.99999, "99.999 % (limit 1 %)"),
        (0.0, "0 % (limit 1 %)"),
        (12.5, "1,250 % (limit 1 %)"),
        (float("nan"), "nan (limit 1 %)"),
    ],
)
def test_a_share_is_told_in_percent(share: float, text: str) -> None:
    assert fact(ResultEvidence("bars", share, "share", 0.01, None)) == f"bars: {text}"
