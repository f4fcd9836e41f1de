from dataclasses import replace

from ml_debugger.artifacts import TrainingRun
from ml_debugger.contract import ResultEvidence
from ml_debugger.runtime.report import Report
from tui.training import findings


def training(report: Report) -> TrainingRun:
    assert report.picture.training is not None
    return report.picture.training


def test_the_step_comes_from_the_evidence(report: Report) -> None:
    assert [(r.code, step) for r, step in findings(training(report), report.results)] == [
        ("TRN001", 80.0)
    ]


def test_else_from_the_line_of_the_nearest_point_of_any_curve(report: Report) -> None:
    run = training(report)
    loss = run.curves["train_loss"]
    coarse = replace(loss, steps=loss.steps[:5], values=loss.values[:5], lines=loss.lines[:5])
    run = replace(run, curves={**run.curves, "train_loss": coarse})
    result = replace(report.results[0], evidence=(), line=42)
    assert findings(run, [result]) == [(result, 40.0)]


def test_else_it_is_not_known_and_stands_last(report: Report) -> None:
    vague = replace(report.results[0], evidence=(ResultEvidence("share", 0.2),), line=None)
    pairs = findings(training(report), [vague, report.results[0]])
    assert [step for _, step in pairs] == [80.0, None]


def test_findings_about_other_things_are_left_out(report: Report) -> None:
    assert findings(training(report), report.results[1:]) == []
