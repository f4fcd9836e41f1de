"""What the checks of a table share: one streaming pass, one sample, one walk over the bars."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ml_debugger.artifacts import Artifact, FeatureTable, PriceTable
from ml_debugger.contract import Check, Gathered, Scan
from ml_debugger.contract.check import Shared
from ml_debugger.readers.tables.damage import DAMAGE, sentence
from ml_debugger.runtime.plan import Task
from ml_debugger.runtime.sampling import Sampling

if TYPE_CHECKING:
    import polars as pl

SEPARATOR = "\x1f"

Found = tuple[Shared, ...] | Exception
"""What a check asked of its table, or why it could not be had."""


class Unread(Exception):
    """A table could not be read to its end; the text says why, for a person."""


class Scans:
    """Groups the tasks of a plan by table, and looks at a table when it is first asked for."""

    def __init__(self, tasks: Sequence[Task]) -> None:
        self._checks: dict[Artifact, dict[str, Check]] = defaultdict(dict)
        for task in tasks:
            if _shares(task.check) and task.given and task.given[0] is not None:
                self._checks[task.given[0]][task.check.code] = task.check
        self._done: dict[Artifact, Mapping[str, Found]] = {}

    def pending(self, task: Task) -> Artifact | None:
        """The table that must be looked at before this task, None when there is nothing to do."""
        table = task.given[0] if task.given else None
        waits = table is not None and table in self._checks and table not in self._done
        return table if waits else None

    def run(self, table: Artifact) -> None:
        """Look at a table; a failure is kept and raised for each task that it concerns."""
        self._done[table] = look(table, list(self._checks[table].values()))

    def damaged(self, table: Artifact) -> bool:
        """Whether the table could not be read to its end."""
        found = self._done[table].values()
        return any(isinstance(f, Unread) for f in found)

    def of(self, task: Task) -> tuple[Shared, ...]:
        """What a task's check asked of its table; empty for one that asked for nothing."""
        if not _shares(task.check) or not task.given or task.given[0] is None:
            return ()
        found = self._done[task.given[0]][task.check.code]
        if isinstance(found, Exception):
            raise found
        return found


def _shares(check: Check) -> bool:
    return check.ask is not None or check.gather is not None or check.samples


def look(table: Artifact, checks: Sequence[Check]) -> dict[str, Found]:
    """All that the checks ask of a table, by code: in one pass over it and one walk."""
    found: dict[str, Found] = {check.code: () for check in checks}
    for part in (_pass, _walk):
        for code, shared in part(table, checks).items():
            have = found[code]
            if isinstance(have, Exception):
                continue
            found[code] = shared if isinstance(shared, Exception) else (*have, *shared)
    return found


def _pass(table: Any, checks: Sequence[Check]) -> dict[str, Found]:
    """Aggregations and sample together; alone by check where together they fail."""
    asking = [check for check in checks if check.ask is not None or check.samples]
    try:
        return _together(table, asking)
    except DAMAGE as error:
        return dict.fromkeys((check.code for check in asking), Unread(sentence(error)))
    except Exception as error:  # noqa: BLE001  kept, and raised again for the check it concerns
        if len(asking) == 1:
            return {asking[0].code: error}
        return {code: f for check in asking for code, f in _pass(table, [check]).items()}


def _together(table: Any, asking: Sequence[Check]) -> dict[str, Found]:
    asked = {check.code: check.ask(table) for check in asking if check.ask is not None}
    wanted = any(check.samples for check in asking) and isinstance(table, FeatureTable)
    sampling = Sampling.of(table) if wanted else None
    scans, brought = fuse(table.frame, asked, (sampling.rows,) if sampling else ())
    sample = sampling.sample(*brought) if sampling else None
    return {
        check.code: (
            *((scans[check.code],) if check.ask is not None else ()),
            *((sample,) if check.samples and sample is not None else ()),
        )
        for check in asking
    }


def _walk(table: Artifact, checks: Sequence[Check]) -> dict[str, Found]:
    """One walk over the bars, part by part, so that a part is read once for all checks."""
    gathering = [check for check in checks if check.gather is not None]
    if not gathering or not isinstance(table, PriceTable):
        return {}
    parts: dict[str, list[Mapping[str, pl.DataFrame]]] = {c.code: [] for c in gathering}
    failed: dict[str, Exception] = {}
    try:
        for bars in table.parts():
            for check in gathering:
                if check.gather is None or check.code in failed:
                    continue
                try:
                    parts[check.code].append(check.gather(bars))
                except Exception as error:  # noqa: BLE001  kept for this check alone
                    failed[check.code] = error
    except DAMAGE as error:
        return {check.code: Unread(sentence(error)) for check in gathering}
    return {
        check.code: failed.get(check.code) or (_one_below_the_other(parts[check.code]),)
        for check in gathering
    }


def _one_below_the_other(parts: Sequence[Mapping[str, pl.DataFrame]]) -> Gathered:
    """The frames of all parts by name, in the order of the parts."""
    import polars as pl

    frames: dict[str, list[pl.DataFrame]] = defaultdict(list)
    for part in parts:
        for name, frame in part.items():
            frames[name].append(frame)
    return Gathered({n: pl.concat(found, how="vertical_relaxed") for n, found in frames.items()})


def fuse(
    frame: pl.LazyFrame,
    asked: Mapping[str, Mapping[str, pl.Expr]],
    rows: Sequence[pl.LazyFrame] = (),
) -> tuple[dict[str, Scan], list[pl.DataFrame]]:
    """Evaluate the aggregations of several askers, and queries for rows, in one streaming pass.

    Returns the scans by asker, in which a name maps to the value of its expression, and the rows.
    """
    import polars as pl

    expressions = [
        expression.alias(f"{asker}{SEPARATOR}{name}")
        for asker, named in asked.items()
        for name, expression in named.items()
    ]
    values: dict[str, dict[str, Any]] = {asker: {} for asker in asked}
    queries = [*rows, *([frame.select(expressions)] if expressions else [])]
    brought = pl.collect_all(queries, engine="streaming") if queries else []
    if expressions:
        for alias, value in brought.pop().row(0, named=True).items():
            asker, _, name = alias.partition(SEPARATOR)
            values[asker][name] = value
    return {asker: Scan(named) for asker, named in values.items()}, brought
