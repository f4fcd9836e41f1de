"""Clearing away of what interrupted writings have left."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from ml_debugger.artifacts.leftovers import is_leftover
from ml_debugger.contract import Result
from ml_debugger.probes.old_files import old_leftovers
from ml_debugger.remedies.plan import Plan, Seen, Step

ID = "clear-temporary"


def plan(root: Path, results: Sequence[Result]) -> Plan:
    """The leftovers that the findings are about: the file of each, or those below its folder.

    Below a folder these are the files that the check counted: left for a day, and none of
    environments, repositories and the quarantine of other repairs.
    """
    files = dict.fromkeys(
        file for path in dict.fromkeys(r.path for r in results if r.path)
        for file in _leftovers(root / path)
    )  # fmt: skip
    steps = []
    for file in files:
        # another repair may have taken it away by now
        with suppress(FileNotFoundError):
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
    if path.is_dir():
        yield from old_leftovers(path)
    elif path.is_file() and is_leftover(path.name):
        yield path
