"""The plan of a run: which check judges which artifacts, and what is skipped at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from ml_debugger.artifacts import Artifact, Expectations, Workspace
from ml_debugger.contract import Check
from ml_debugger.contract.check import Need
from ml_debugger.workspace.links import Links

SINGLETONS = (Expectations, Workspace)
"""Kinds of which a run has one each, given to every check that asks."""


@dataclass(frozen=True, eq=False)
class Task:
    """One check on one subject. `given` are the artifacts in the order of the check's needs.

    `missing` says why the check cannot look, when something that it needs is not there;
    `failed` why it could not, when getting it failed.
    """

    check: Check
    subject: str
    path: str | None
    given: tuple[Artifact | None, ...]
    missing: str | None = None
    failed: str | None = None

    @property
    def key(self) -> str:
        """Identity of the task within a run, equal in a restarted worker."""
        parts = (f"{a.subject}\x1e{a.path}" if a else "" for a in self.given)
        return "\x1f".join((self.check.code, self.subject, *parts))


def plan(
    checks: Sequence[Check],
    artifacts: Sequence[Artifact],
    links: Links,
    *,
    whole_workspace: bool,
    failures: Mapping[type[Artifact], str] | None = None,
) -> list[Task]:
    """All tasks of a run, tables first so that their fused scans come early.

    With `whole_workspace` a check without any subject is a task that is skipped with the
    reason; for files named on the command line it is left out. `failures` says, by kind, which
    snapshots of the machine could not be taken: their checks become errors.
    """
    tasks: list[Task] = []
    for check in checks:
        if check.judges in SINGLETONS and not whole_workspace:
            continue
        subjects = [a for a in artifacts if type(a) in check.subjects]
        failed = (failures or {}).get(check.judges)
        if failed is not None:
            tasks.append(Task(check, "this machine", None, (), failed=failed))
        elif not subjects and whole_workspace:
            missing = f"no {' or '.join(map(kind_name, check.subjects))} here"
            tasks.append(Task(check, "workspace", None, (), missing))
        for subject in subjects:
            tasks.extend(_tasks(check, subject, artifacts, links))
    return tasks


def kind_name(kind: type[Artifact]) -> str:
    """An artifact type in words: PriceTable is "price table"."""
    words = "".join(f" {c.lower()}" if c.isupper() else c for c in kind.__name__).strip()
    return words.replace("gpu", "GPU")


def _tasks(
    check: Check, subject: Artifact, artifacts: Sequence[Artifact], links: Links
) -> Iterator[Task]:
    choices: list[Sequence[Artifact | None]] = []
    for need in check.needs[1:]:
        found = _partners(need, subject, artifacts, links)
        if not found and not need.optional:
            missing = f"no {kind_name(need.kind)} is linked to it"
            yield Task(check, subject.subject, subject.path, (), missing)
            return
        choices.append(found or (None,))
    for partners in product(*choices):
        yield Task(check, subject.subject, subject.path, (subject, *partners))


def _partners(
    need: Need, subject: Artifact, artifacts: Sequence[Artifact], links: Links
) -> Sequence[Artifact]:
    if need.kind in SINGLETONS:
        return [a for a in artifacts if type(a) is need.kind]
    return links.linked(subject, need.kind)
