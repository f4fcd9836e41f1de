"""Which findings of a report are about a training run, and at which step each begins."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ml_debugger.artifacts import TrainingRun
from ml_debugger.contract import Result
from ml_debugger.report.wording import COUNTERS
from ml_debugger.runtime.report import Report

_BEGINS = ("first_step", "growth_begins", "onset")
"""Names of the evidence that says where a fault begins."""


def findings(run: TrainingRun, results: Sequence[Result]) -> list[tuple[Result, float | None]]:
    """The findings about a training run, each with the step at which it begins, if known."""
    own = [result for result in results if result.status.is_finding and _about(run, result)]
    pairs = [(result, _step(run, result)) for result in own]
    return sorted(pairs, key=lambda pair: math.inf if pair[1] is None else pair[1])


def _about(run: TrainingRun, result: Result) -> bool:
    """Whether a finding is the run's own, or its whole file's; not another rank's or fold's."""
    if result.subject == run.subject:
        return True
    same_file = run.path is not None and result.path == run.path
    return same_file and (run.segment is None or result.subject == result.path)


def _step(run: TrainingRun, result: Result) -> float | None:
    for evidence in result.evidence:
        value = evidence.value
        if (
            evidence.name in _BEGINS
            and evidence.unit in COUNTERS
            and isinstance(value, int | float)
        ):
            return float(value)
    if result.line is None or result.path != run.path:
        return None
    # the curves are thinned: the nearest point before the line is close to the true step
    before = [
        (line, float(step))
        for curve in run.curves.values()
        for line, step in zip(curve.lines, curve.steps, strict=True)
        if line <= result.line
    ]
    return max(before)[1] if before else None


def drawn_runs(report: Report) -> list[TrainingRun]:
    """The training runs worth a picture: those with findings, and one that is alone."""
    runs = report.picture.runs
    return [run for run in runs if len(runs) == 1 or findings(run, report.results)]
