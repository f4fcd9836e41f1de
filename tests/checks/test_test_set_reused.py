"""test-set-reused: how many runs saw the test, and what chose among them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from checks.leakage.test_set_reused import test_set_reused as reused
from ml_debugger.artifacts import RunHistory, Trial
from ml_debugger.contract import Status
from ml_debugger.testing.plant import faults
from tests.checks.table_judging import read
from tests.checks.test_splits import judge

YEAR = {"start": date(2023, 1, 3), "end": date(2023, 12, 29)}


def runs(
    count: int, *, validated: bool = False, metric: str = "sharpe", seed: int = 4, **fields: object
) -> RunHistory:
    """Runs without skill."""
    rng = np.random.default_rng(seed)
    middle, spread = (0.5, 0.01) if metric == "accuracy" else (0.0, 1.0)
    scores = rng.normal(middle, spread, (count, 2))
    trials = tuple(
        Trial(f"run {n}", test, check if validated else None)
        for n, (test, check) in enumerate(scores.tolist())
    )
    return RunHistory("sweep.csv", "sweep.csv", metric, trials, **fields)  # type: ignore[arg-type]


def choose(history: RunHistory, by: str) -> RunHistory:
    def score(trial: Trial) -> float:
        return trial.test_score if by == "test" else trial.validation_score or 0.0

    best = max(history.trials, key=score)
    trials = tuple(replace(trial, chosen=trial is best) for trial in history.trials)
    return replace(history, trials=trials)


@pytest.mark.parametrize(
    ("history", "status"),
    [
        (runs(1), Status.PASS),
        (runs(5), Status.PASS),
        (runs(40), Status.WARN),
        (runs(40, validated=True), Status.PASS),
        (runs(40, **YEAR), Status.WARN),
        (runs(40, metric="accuracy", rows=5_000, horizon=5), Status.WARN),
        (choose(runs(40, validated=True), "test"), Status.FAIL),
        (choose(runs(40, validated=True), "validation"), Status.PASS),
        (choose(runs(40), "test"), Status.FAIL),
        (replace(runs(40), ranked_by="test"), Status.FAIL),
        (replace(runs(40, validated=True), ranked_by="validation"), Status.PASS),
        (RunHistory("x", None, "sharpe", (Trial("a", float("nan")),)), Status.SKIP),
    ],
    ids=["one", "few", "blind", "validated", "blind year", "blind accuracy", "best by test",
         "best by validation", "blind and chosen", "ranked by test", "ranked by validation",
         "no score"],
)  # fmt: skip
def test_runs_on_one_window(history: RunHistory, status: Status) -> None:
    assert judge(reused, history) is status


def test_the_same_run_may_be_best_in_both() -> None:
    history = runs(40, validated=True)
    best = max(history.trials, key=lambda trial: trial.test_score)
    both = tuple(
        replace(t, validation_score=9.0, chosen=True) if t is best else t for t in history.trials
    )
    assert judge(reused, replace(history, trials=both)) is Status.PASS


def test_a_lead_that_survives_deflation_is_no_finding() -> None:
    history = runs(40, **{"start": date(2014, 1, 1), "end": date(2023, 12, 29)})
    small = tuple(replace(t, test_score=t.test_score / 10) for t in history.trials)
    skilled = (*small, Trial("good", 2.0))
    assert judge(reused, replace(history, trials=skilled, ranked_by="test")) is Status.PASS


def test_fires_on_its_planted_fault(tmp_path: Path) -> None:
    (tmp_path / "runs").mkdir()
    faults()["test-set-reused"].plant(tmp_path, np.random.default_rng(7))
    history = read(tmp_path / "runs/sweep.csv", RunHistory)
    assert history.ranked_by == "test"
    assert judge(reused, history) is Status.FAIL
