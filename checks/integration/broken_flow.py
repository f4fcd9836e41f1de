"""INT011 broken-flow."""

from __future__ import annotations

from dataclasses import dataclass

from ml_debugger.artifacts import StageOutput, Workspace
from ml_debugger.contract import (
    Evidence,
    Limit,
    Measurement,
    NotMeasured,
    Outcome,
    Setting,
    Settings,
    check,
)

FEEDS = (
    ("data", "features"),
    ("features", "predictions"),
    ("checkpoint", "predictions"),
    ("predictions", "positions"),
    ("positions", "backtest"),
)
"""Stages whose output must be renewed when its input is. Training is left out on purpose: models
are trained more rarely than data arrives, and how old one may get is another question."""

LABEL_DAYS = 90
"""A feature table may end before its prices by the horizon of its labels, 60 sessions at most."""

NAMED = {"checkpoint": "checkpoints", "training": "the training log"}


@dataclass(frozen=True)
class _Late:
    """A stage whose output is older than its input, by content in days or by time in hours."""

    before: str
    after: str
    days: float
    hours: float

    @property
    def sentence(self) -> str:
        names = NAMED.get(self.after, self.after), NAMED.get(self.before, self.before)
        if self.days > 0:
            return f"{names[0]} end {self.days:.0f} days before {names[1]} do"
        return f"{names[0]} are {self.hours:.0f} hours older than {names[1]}"


@check(
    code="INT011",
    name="broken-flow",
    component="integration",
    playbook="broken-flow",
    limits=(
        Limit(
            "missing_between",
            "stages",
            "above",
            "stages without output although a later stage has one",
            "a later stage cannot have been made from nothing",
            fail=0,
        ),
        Limit(
            "missing_after",
            "stages",
            "above",
            "last stages of the flow without output",
            "the flow was not run to its end",
            warn=0,
        ),
        Limit(
            "days_behind",
            "days",
            "above",
            "days by which the dates in an output end before those in its input",
            "a week: labels, holidays and weekends explain less",
            fail=7,
        ),
        Limit(
            "hours_older",
            "hours",
            "above",
            "hours by which an output was written before its input",
            "a checkout or copy writes all files within minutes of each other",
            warn=0,
        ),
    ),
    settings=(
        Setting(
            "copy_tolerance",
            "hours",
            1.0,
            "order of writing is no evidence below this difference",
            "a checkout or copy writes all files within minutes of each other, in any order",
        ),
    ),
    explained_by=("unreadable-artifact", "no-space-left", "run-crashed"),
    profiles=("quick", "full"),
)
def broken_flow(workspace: Workspace, settings: Settings) -> Outcome:
    """A stage's output is missing or older than its input.

    What it measures:
        The outputs of the stages data, features, training, checkpoint, predictions, positions
        and backtest. A stage is late when its dates end earlier than those of its input, or when
        all its files were written clearly before the newest file of its input. Only a workspace
        with a configuration is one flow; files in a folder may have nothing in common.

    Why it matters:
        Positions made from last week's predictions look exactly like fresh ones.

    What to do:
        Run the stages again from the first late one on, in order.

    Sources:
        POSIX make: a target is out of date when it is older than a prerequisite.
    """
    if not workspace.configured:
        return NotMeasured("no configuration says that these files are one flow")
    by_stage = {
        stage: [output for output in workspace.outputs if output.stage == stage]
        for stage in workspace.stages
    }
    have = [stage for stage in workspace.stages if by_stage[stage]]
    if not have:
        return NotMeasured("no stage has left an output yet")
    last = max(workspace.stages.index(stage) for stage in have)
    absent = [stage for stage in workspace.stages if not by_stage[stage]]
    between = [stage for stage in absent if workspace.stages.index(stage) < last]
    titles = [f"no output of {', '.join(absent)}"] if absent else []
    evidence = [Evidence("missing_stage", stage) for stage in absent]
    late = [
        found
        for before, after in FEEDS
        if by_stage.get(before)
        and by_stage.get(after)
        and (found := _late(before, after, by_stage[before], by_stage[after], settings))
    ]
    values = {
        "missing_between": float(len(between)),
        "missing_after": float(len(absent) - len(between)),
        "days_behind": max((entry.days for entry in late), default=0.0),
        "hours_older": max((entry.hours for entry in late), default=0.0),
    }
    titles += [entry.sentence for entry in late]
    evidence += [Evidence("late_stage", entry.after, None, entry.sentence) for entry in late]
    title = "; ".join(titles[:2]) or f"{len(have)} stages, each at least as new as its input"
    return Measurement(title[:1].upper() + title[1:], values, tuple(evidence[:5]))


def _late(
    before: str,
    after: str,
    inputs: list[StageOutput],
    outputs: list[StageOutput],
    settings: Settings,
) -> _Late | None:
    given = [output.through for output in inputs if output.through is not None]
    made = [output.through for output in outputs if output.through is not None]
    days = 0.0
    if given and made and before != "checkpoint":
        allowed = LABEL_DAYS if after == "features" else 0
        days = float(max((max(given) - max(made)).days - allowed, 0))
    newest_input = max(output.modified for output in inputs)
    newest_output = max(output.modified for output in outputs)
    hours = (newest_input - newest_output) / 3600
    hours = hours if hours > settings["copy_tolerance"] else 0.0
    return _Late(before, after, days, hours) if days > 0 or hours > 0 else None
