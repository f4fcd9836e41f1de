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
    assert fact(evidence) == "first step: 340 step (limit 10), row 341"


def test_one_of_a_unit_is_not_many() -> None:
    assert fact(ResultEvidence("gap", 1, "sessions", None, None)) == "gap: 1 session"
