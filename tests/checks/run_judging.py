"""What tests of checks of training runs share: runs in memory, and the framework's comparison."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from ml_debugger.artifacts import Artifact, Curve, TrainingConfig, TrainingRun
from ml_debugger.contract import Check, NotMeasured, Outcome, Settings, Status
from ml_debugger.readers.opening import open_file
from ml_debugger.testing.twins import gradients as twin


def curve_of(
    name: str, values: Sequence[float], steps: Sequence[float] | None = None, every: float = 1
) -> Curve:
    """A curve of one row a value, the first in line 2."""
    count = len(values)
    at = list(steps) if steps is not None else [every * i for i in range(count)]
    return Curve(name, name, at, [float(v) for v in values], list(range(2, count + 2)))


def a_run(
    curves: Mapping[str, Sequence[float]],
    unit: str = "step",
    steps: Sequence[float] | None = None,
    every: float = 1,
    planned: int | None = None,
) -> TrainingRun:
    """A run of curves that were logged in the same rows."""
    made = {name: curve_of(name, values, steps, every) for name, values in curves.items()}
    return TrainingRun(
        "run", "run.csv", format="test", step_unit=unit, curves=made, planned_steps=planned
    )


def run_of(unit: str = "epoch", **curves: Sequence[float]) -> TrainingRun:
    """A run whose curves have a row for each value, the first in line 1."""
    made = {}
    for name, values in curves.items():
        steps, lines = list(range(len(values))), list(range(1, len(values) + 1))
        made[name] = Curve(name, name, steps, [float(value) for value in values], lines)
    return TrainingRun("run", "run.csv", format="test", step_unit=unit, curves=made)


def read_twin(top: Path) -> tuple[TrainingRun, TrainingConfig]:
    """The clean twin's run that logs gradients and rates, and its configuration, as read."""
    folder = top / twin.FOLDER
    found = [
        artifact
        for name in (twin.LOG, twin.CONFIGURATION)
        for artifact in open_file(folder / name, name, named=False)
    ]
    (run,) = [a for a in found if isinstance(a, TrainingRun)]
    (config,) = [a for a in found if isinstance(a, TrainingConfig)]
    return run, config


def with_config(check: Check, run: TrainingRun, config: TrainingConfig) -> Status:
    """The status of a run, with its configuration where the check takes one."""
    return status(check, run, *([config] if len(check.needs) > 1 else []))


def a_config(**values: bool | int | float | str | None) -> TrainingConfig:
    """A configuration of plain keys; a double underscore stands for the dot."""
    named = {name.replace("__", "."): value for name, value in values.items()}
    return TrainingConfig("config", "config.yaml", format="configuration", values=named)


def measured(check: Check, *subjects: Artifact | None) -> Outcome:
    """What the check measures of a run, with None for the artifacts that are not given."""
    given = [*subjects, *[None] * (len(check.needs) - len(subjects))]
    return check.run(given, Settings({s.name: s.default for s in check.settings}))


def status(check: Check, *subjects: Artifact | None) -> Status:
    """The gravest status of all limits that were measured."""
    outcome = measured(check, *subjects)
    if isinstance(outcome, NotMeasured):
        return Status.SKIP
    judged = [x.judge(outcome.values[x.name]) for x in check.limits if x.name in outcome.values]
    looked = [one for one in judged if one is not Status.SKIP]
    return max(looked, key=lambda one: one.gravity, default=Status.SKIP)
