"""What tests of live runs share: a judge that says what a test wants, a clock, comparison."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ml_debugger.artifacts import Artifact, TrainingRun
from ml_debugger.contract import Result, Status
from ml_debugger.readers.opening import open_file


class Judge:
    """Gives the results of `rule`, a function of the run; counts the looks."""

    def __init__(self, rule: Callable[[TrainingRun], Sequence[Result]] | None = None) -> None:
        self.rule = rule
        self.looks = 0
        self._told: set[str] = set()

    def look(self, artifacts: Sequence[Artifact]) -> list[Result]:
        self.looks += 1
        (run,) = artifacts
        assert isinstance(run, TrainingRun)
        return list(self.rule(run)) if self.rule is not None else []

    def new(self, results: Sequence[Result]) -> list[Result]:
        new = [r for r in results if r.fingerprint not in self._told]
        self._told |= {r.fingerprint for r in new}
        return new


def finding(name: str = "loss-plateau", status: str = "fail", **more: Any) -> Result:
    return Result("TRN006", name, "training", Status(status), "x", "seen", **more)


class Clock:
    """Time that moves only when it is told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def read_back(path: Path) -> TrainingRun:
    """The one run of a log, as any reader finds it."""
    run = open_file(path, str(path), named=True)[0]
    assert isinstance(run, TrainingRun)
    return run


def content(run: TrainingRun | None) -> dict[str, Any]:
    """All that a run says, with NaN equal to NaN."""
    assert run is not None
    curves = {
        name: (c.original, list(c.steps), [repr(v) for v in c.values], list(c.lines))
        for name, c in run.curves.items()
    }
    # when a file was written is known only of a file
    facts = {k: v for k, v in vars(run).items() if k not in ("curves", "written")}
    return {**facts, "curves": curves}
