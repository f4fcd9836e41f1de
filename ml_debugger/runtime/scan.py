"""Fused scans: the aggregations of all checks over one table in one streaming pass."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ml_debugger.artifacts import Artifact
from ml_debugger.contract import Scan
from ml_debugger.runtime.plan import Task

if TYPE_CHECKING:
    import polars as pl

SEPARATOR = "\x1f"


class Scans:
    """Groups the tasks of a plan by table and runs one pass a table, when first asked."""

    def __init__(self, tasks: Sequence[Task]) -> None:
        self._tasks: dict[Artifact, list[Task]] = defaultdict(list)
        for task in tasks:
            if task.check.ask is not None and task.given and task.given[0] is not None:
                self._tasks[task.given[0]].append(task)
        self._done: dict[Artifact, Mapping[str, Scan] | Exception] = {}

    def pending(self, task: Task) -> Artifact | None:
        """The table whose pass must run before this task, None when there is nothing to run."""
        table = task.given[0] if task.given else None
        waits = table is not None and table in self._tasks and table not in self._done
        return table if waits else None

    def run(self, table: Artifact) -> None:
        """Run the pass; a failure is kept and raised for each task that asks for its results."""
        checks = {task.check.code: task.check for task in self._tasks[table]}
        try:
            asked = {code: check.ask(table) for code, check in checks.items() if check.ask}
            self._done[table] = fuse(table.frame, asked)  # type: ignore[attr-defined]
        except Exception as error:  # noqa: BLE001  kept, and raised again in `of` for every task
            self._done[table] = error

    def of(self, task: Task) -> Scan | None:
        """The results for a task; None for a check that asks for no scan."""
        if task.check.ask is None or not task.given or task.given[0] is None:
            return None
        done = self._done[task.given[0]]
        if isinstance(done, Exception):
            raise done
        return done[task.check.code]


def fuse(frame: pl.LazyFrame, asked: Mapping[str, Mapping[str, pl.Expr]]) -> dict[str, Scan]:
    """Evaluate the aggregations of several askers in one streaming pass.

    Returns the scans by asker; a name within an asker maps to the value of its expression.
    """
    expressions = [
        expression.alias(f"{asker}{SEPARATOR}{name}")
        for asker, named in asked.items()
        for name, expression in named.items()
    ]
    values: dict[str, dict[str, Any]] = {asker: {} for asker in asked}
    if expressions:
        row = frame.select(expressions).collect(engine="streaming").row(0, named=True)
        for alias, value in row.items():
            asker, _, name = alias.partition(SEPARATOR)
            values[asker][name] = value
    return {asker: Scan(named) for asker, named in values.items()}
