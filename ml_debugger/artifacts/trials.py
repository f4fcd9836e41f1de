"""Runs that were scored on the same test window."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from ml_debugger.artifacts.base import Artifact


@dataclass(frozen=True, slots=True)
class Trial:
    """One run: its score on the test window, and on validation data where it has one.

    Scores are better when larger: losses and errors come with the sign turned. `chosen` marks
    the run that was reported or deployed.
    """

    name: str
    test_score: float
    validation_score: float | None = None
    chosen: bool = False


@dataclass(frozen=True, eq=False)
class RunHistory(Artifact):
    """The runs of a workspace, or of one table of results, that share a test window.

    `metric` is the score's plain name ("accuracy", "sharpe", "loss" …). `start` and `end` bound
    the window where known; `rows` is the number of scored rows, `horizon` the sessions that
    their labels reach. `ranked_by` is "test" or "validation" where the file lists the runs in
    the order of that score, best first, and in no other's.
    """

    metric: str
    trials: tuple[Trial, ...]
    start: date | None = None
    end: date | None = None
    rows: int | None = None
    horizon: int | None = None
    ranked_by: str | None = None
