"""A trial of a feature function as part of a run: prices in, one artifact a column out."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ml_debugger.artifacts import Artifact, PriceTable, RecomputedColumn
from ml_debugger.contract import Check
from ml_debugger.probes.feature_function.trial import FunctionTrial
from ml_debugger.runtime.events import Event, Progress
from ml_debugger.runtime.plan import Task

LATE_SECONDS = 30.0
"""What a call may take beyond its deadline, to end a process and start another."""
_LATER_PRICE = re.compile(
    r"^(?:next|tomorrows?|future|fwd|forward)_(?:(?:day|bar|session|week)s?_)?"
    r"(?:adj(?:usted)?_)?(?:open|high|low|close|price|volume|vwap)$"
)
"""A later price as such: what labels are made from, and easily left among the features."""


@dataclass
class Tried:
    """The columns that a trial has judged; `failed` says why there are none."""

    columns: list[Artifact] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    failed: str | None = None

    def failures(self, trial: FunctionTrial, checks: Sequence[Check]) -> list[Task]:
        """A task that is an error for each check that would have judged the columns."""
        if self.failed is None:
            return []
        path = None if trial.file is None else str(trial.file)
        return [
            Task(check, trial.target, path, (), failed=self.failed)
            for check in checks
            if check.judges is RecomputedColumn
        ]


def try_function(
    trial: FunctionTrial, artifacts: Sequence[Artifact], tell: Callable[[Event], None]
) -> Tried:
    """Try a function on the tables of prices among the artifacts.

    This runs the user's code, in a process of its own. It is called for a trial that a person
    asked for, never for what a file or a configuration says.
    """
    from ml_debugger.probes.feature_function.experiments import prove
    from ml_debugger.probes.feature_function.sample import NoPrices, take_sample
    from ml_debugger.probes.feature_function.session import Problem

    def on_step(done: int, total: int, what: str) -> None:
        name = f"{trial.target}: {what}"
        tell(Progress("recomputing", done, total, name, 2 * trial.call_seconds + LATE_SECONDS))

    try:
        tables = [a for a in artifacts if isinstance(a, PriceTable)]
        sample = take_sample(tables, trial.tickers, trial.sessions)
    except NoPrices as error:
        return Tried(failed=f"--data: {error}")
    proof = prove(trial, sample, on_step)
    if isinstance(proof, Problem):
        return Tried(notes=[sample.used], failed=f"{trial.target} {proof}")
    columns: list[Artifact] = []
    for name, trace in proof.traces.items():
        columns.append(
            RecomputedColumn(
                subject=name,
                path=_shown(trial, proof.file),
                function=trial.target,
                line=proof.line,
                label=_label(name, trial),
                untested=_untested(proof.why_not, trace.random, trace.scattered),
                cuts=trace.cuts,
                altered=trace.altered,
                rows=trace.rows,
                unstable=trace.unstable_rows,
                changed=trace.change(trace.sources),
                filled=proof.filled.get(name),
                read=proof.read,
            )
        )
    notes = [
        f"{trial.target} was given {proof.frame}, in Python {proof.python}: {trial.python}",
        sample.used,
        *proof.notes,
    ]
    absent = [name for name in trial.labels if name not in proof.traces]
    later = [c.subject for c in columns if _is_later_price(c.subject, trial)]
    if later:
        named = ", ".join(later)
        notes.append(
            f"{named}: a later price in what the function returns is judged as a feature; "
            f"--label {later[0]} says that it is a label"
        )
    if absent:
        notes.append(f"--label {', '.join(absent)}: the function returned no such column")
    return Tried(columns, notes)


def _shown(trial: FunctionTrial, file: str | None) -> str | None:
    """The file as the user named it, or relative to the folder that it was named from."""
    if trial.file is not None or file is None:
        return None if trial.file is None else str(trial.file)
    inside = Path(file).is_relative_to(trial.folder)
    return str(Path(file).relative_to(trial.folder)) if inside else file


def _label(name: str, trial: FunctionTrial) -> str | None:
    from ml_debugger.readers.tables.features import is_label

    if name in trial.labels:
        return "a label by --label"
    if is_label(name) and name not in trial.features and not _is_later_price(name, trial):
        return f"a label by its name (--feature {name} judges it all the same)"
    return None


def _is_later_price(name: str, trial: FunctionTrial) -> bool:
    from ml_debugger.readers.tables.columns import normal

    stated = {*trial.labels, *trial.features}
    return name not in stated and _LATER_PRICE.match(normal(name)) is not None


def _untested(why_not: str | None, random: bool, scattered: bool) -> str | None:
    if why_not is not None:
        return why_not
    if random:
        return "two runs on the same rows gave different values"
    if scattered:
        return "its values change with the last digits of the prices (nearly flat windows)"
    return None
