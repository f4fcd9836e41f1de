"""Where the findings of a report stand in a training run."""

from __future__ import annotations

from dataclasses import replace

from ml_debugger.artifacts import Curve, TrainingRun
from ml_debugger.contract import Result, ResultEvidence, Status
from ml_debugger.report.run_findings import findings

LOSS = Curve("train_loss", "loss", [float(i) for i in range(100)], [0.5] * 100, list(range(2, 102)))
RUN = TrainingRun(
    "runs/lstm", "runs/lstm/log.csv", format="csv", step_unit="epoch", curves={"train_loss": LOSS}
)
FOUND = Result(
    "TRN001", "non-finite-loss", "training", Status.FAIL, "runs/lstm", "Loss is NaN",
    "runs/lstm/log.csv", evidence=(ResultEvidence("first_step", 80, "epoch"),),
)  # fmt: skip


def test_the_step_comes_from_the_evidence() -> None:
    assert findings(RUN, [FOUND]) == [(FOUND, 80.0)]


def test_else_from_the_line_of_the_nearest_point_of_any_curve() -> None:
    coarse = replace(LOSS, steps=LOSS.steps[:5], values=LOSS.values[:5], lines=LOSS.lines[:5])
    run = replace(RUN, curves={"train_loss": coarse, "val_loss": LOSS})
    result = replace(FOUND, evidence=(), line=42)
    assert findings(run, [result]) == [(result, 40.0)]


def test_else_it_is_not_known_and_stands_last() -> None:
    vague = replace(FOUND, evidence=(ResultEvidence("share", 0.2),), line=None)
    assert [step for _, step in findings(RUN, [vague, FOUND])] == [80.0, None]


def test_every_name_of_a_beginning_is_known_and_no_other_place_is_taken_for_one() -> None:
    for name in ("growth_begins", "onset"):
        result = replace(FOUND, evidence=(ResultEvidence(name, 30, "epoch"),), line=90)
        assert findings(RUN, [result]) == [(result, 30.0)]
    best = replace(FOUND, evidence=(ResultEvidence("planned", 200, "epoch"),), line=42)
    assert findings(RUN, [best]) == [(best, 40.0)]


def test_the_ranks_of_one_file_have_their_findings_apart() -> None:
    path = "runs/lstm/log.csv"
    ranks = [replace(RUN, subject=f"{path} (rank {n})", segment=f"rank {n}") for n in range(2)]
    own = [replace(FOUND, subject=rank.subject) for rank in ranks]
    crash = replace(FOUND, code="TRN021", name="run-crashed", subject=path, evidence=(), line=101)
    for rank, finding in zip(ranks, own, strict=True):
        assert findings(rank, [*own, crash]) == [(finding, 80.0), (crash, 99.0)]


def test_findings_about_other_things_are_left_out() -> None:
    other = replace(FOUND, subject="runs/other", path="runs/other/log.csv")
    passed = replace(FOUND, status=Status.PASS)
    assert findings(RUN, [other, passed]) == []
