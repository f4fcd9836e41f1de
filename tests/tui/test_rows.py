from dataclasses import replace

import pytest

from ml_debugger.contract import Status
from ml_debugger.runtime.report import Report
from tui.rows import matching, rows


def codes(report: Report, expression: str = "", *, everything: bool = False) -> list[str]:
    lines = matching(rows(report, everything=everything), expression)
    return ["  " * row.depth + row.result.code for row in lines]


def test_consequences_stand_indented_under_their_root_and_the_gravest_first(
    report: Report,
) -> None:
    assert codes(report) == ["TRN001", "  PRD004", "FEA002", "GPU001"]


def test_everything_adds_what_was_skipped_and_what_passed(report: Report) -> None:
    assert codes(report, everything=True) == [
        *("TRN001", "  PRD004", "FEA002", "GPU001", "STO001", "HST001")
    ]


def test_a_required_skip_always_shows(report: Report) -> None:
    required = tuple(replace(r, required=r.code == "STO001") for r in report.results)
    assert "STO001" in codes(replace(report, results=required))


def test_only_what_the_last_stored_run_did_not_have_is_new(report: Report) -> None:
    assert [row.result.code for row in rows(report) if row.new] == ["TRN001"]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("lstm", ["TRN001"]),
        ("LSTM", ["TRN001"]),
        ("trn|fea", ["TRN001", "FEA002"]),
        ("!trn", ["PRD004", "FEA002", "GPU001"]),
        ("^warn", ["FEA002"]),
        ("(", []),
        ("0.01 %", ["PRD004"]),
        ("!", ["TRN001", "  PRD004", "FEA002", "GPU001"]),
        ("new", ["TRN001"]),
        ("parquet", ["PRD004", "FEA002"]),
    ],
)
def test_the_filter_takes_text_or_a_pattern(
    report: Report, expression: str, expected: list[str]
) -> None:
    assert codes(report, expression) == expected


def test_results_that_share_a_fingerprint_have_keys_of_their_own(report: Report) -> None:
    error = next(r for r in report.results if r.status is Status.ERROR)
    lines = rows(replace(report, results=(error, error)))
    assert len({row.key for row in lines}) == 2


def test_findings_that_explain_each_other_are_not_lost(report: Report) -> None:
    loss, collapsed, *_ = report.results
    circle = (replace(loss, causes=(collapsed.fingerprint,)), collapsed)
    assert sorted(code.strip() for code in codes(replace(report, results=circle))) == [
        *("PRD004", "TRN001")
    ]
