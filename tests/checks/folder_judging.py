"""Judging a folder with checks of several artifacts, from its files to the statuses."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ml_debugger.contract import Check, Result
from ml_debugger.runtime.judge import effective, judge
from ml_debugger.runtime.plan import plan
from ml_debugger.workspace.assembly import assemble
from ml_debugger.workspace.configuration import load


def judged(check: Check, *paths: Path) -> list[Result]:
    """What the check says of all its subjects below the paths."""
    folder = paths[0] if paths[0].is_dir() else paths[0].parent
    assembled = assemble(list(paths), load(folder), configured=False)
    tasks = plan([check], assembled.artifacts, assembled.links, whole_workspace=False)
    settings = effective(check, {})[1]
    return [judge(task, lambda given=task.given: check.run(given, settings), {}) for task in tasks]


def said(check: Check, *paths: Path) -> str:
    """The status of the gravest result: a finding, else a pass, else skip or error."""
    statuses = [str(one.status) for one in judged(check, *paths)]
    order = ("fail", "warn", "error", "pass", "skip")
    return min(statuses, key=order.index, default="nothing")


def found(results: Sequence[Result]) -> list[Result]:
    """The findings among results."""
    return [one for one in results if one.status.is_finding]
