"""Clearing away of what interrupted writings have left."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from ml_debugger.contract import Result
from ml_debugger.remedies.plan import Plan, Seen, Step
from ml_debugger.workspace.leftovers import is_leftover

ID = "clear-temporary"
MOST_FILES = 100_000


def plan(root: Path, results: Sequence[Result]) -> Plan:
    """The leftovers that the findings are about: the file of each, or those below its folder."""
    files = dict.fromkeys(
        file for path in dict.fromkeys(r.path for r in results if r.path)
        for file in _leftovers(root / path)
    )  # fmt: skip
    steps = []
    for file in files:
        seen = Seen.of(file)
        steps.append(Step(file, "left by a writing that was interrupted", seen, seen.size))
    obstacle = None if steps else _obstacle(results)
    return Plan(ID, root, tuple(steps), obstacle=obstacle)


def _obstacle(results: Sequence[Result]) -> str:
    if any(result.path is None for result in results):
        return "the leftovers lie outside this workspace: clear them away by hand"
    return "there is no leftover any more"


def _leftovers(path: Path) -> Iterator[Path]:
    if path.is_symlink():
        return
    if path.is_file():
        if is_leftover(path.name):
            yield path
        return
    for number, file in enumerate(sorted(path.rglob("*"))):
        if number >= MOST_FILES:
            return
        if is_leftover(file.name) and file.is_file() and not file.is_symlink():
            yield file
