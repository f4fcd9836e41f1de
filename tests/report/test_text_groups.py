"""One fault in several parts of a file is one block of the text report."""

from __future__ import annotations

from ml_debugger.contract import Result, Status
from ml_debugger.report.as_text import render
from ml_debugger.report.style import Style
from ml_debugger.runtime.report import Report


def result(part: str | None, status: Status, path: str = "runs/t.jsonl") -> Result:
    """A finding about a part of a file."""
    subject = f"{path} ({part})" if part else path
    return Result("TRN008", "overfitting", "training", status, subject, f"title of {part}", path)


def text(*results: Result) -> str:
    """The report of these results."""
    report = Report("0123456789ab", "check", "full", "2026-01-01T00:00:00Z", 1.0, "/w", results)
    return render(report, Style())


def test_folds_of_a_file_are_one_block_the_gravest_in_full() -> None:
    told = text(
        result("fold 1", Status.WARN), result("fold 2", Status.FAIL), result("fold 3", Status.WARN)
    )
    assert told.count("TRN008 overfitting") == 1
    assert "saw   title of fold 2" in told
    assert "also  fold 1 (WARN), fold 3 (WARN)" in told


def test_other_files_and_whole_files_stay_apart() -> None:
    told = text(
        result("fold 1", Status.WARN),
        result("fold 1", Status.WARN, "runs/u.jsonl"),
        result(None, Status.WARN, "runs/v.csv"),
    )
    assert told.count("TRN008 overfitting") == 3
    assert "also" not in told
