"""The self-test: every check must fire on its planted fault and stay silent on the clean twin."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ml_debugger.artifacts import RecomputedColumn
from ml_debugger.contract import Check, Result, Status
from ml_debugger.runtime.job import Job
from ml_debugger.runtime.worker import work
from ml_debugger.testing.plant import Fault, faults
from ml_debugger.testing.twin import write_twin
from ml_debugger.testing.twins import strategy


@dataclass(frozen=True, slots=True)
class Proof:
    """What a check did on its planted fault and on the clean twin.

    `problem` says what was wrong, None when the check proved itself.
    """

    code: str
    name: str
    planted: str | None
    fired: Status | None
    silent: Status | None
    problem: str | None


def prove(checks: Sequence[Check], seed: int = 7) -> Iterator[Proof]:
    """Prove checks one after the other, in a temporary folder that is removed afterwards."""
    known = faults()
    with tempfile.TemporaryDirectory(prefix="diagnostic-selftest-") as temporary:
        twin = Path(temporary) / "twin"
        twin.mkdir()
        write_twin(twin, seed)
        clean = judge_folder(twin, checks)
        for check in checks:
            planted = Path(temporary) / check.code
            yield _prove(check, known.get(check.name), twin, planted, clean, seed)
            shutil.rmtree(planted, ignore_errors=True)


def judge_folder(folder: Path, checks: Sequence[Check]) -> list[Result]:
    """Judge a workspace in this process: for files that we wrote ourselves.

    Its feature function is run where a check judges what such a function returns.
    """
    tried = any(check.judges is RecomputedColumn for check in checks)
    messages: list[Mapping[str, Any]] = []
    job = Job(
        paths=(str(folder),),
        codes=tuple(check.code for check in checks),
        configured=True,
        machine=False,
        whole_workspace=True,
        root=str(folder),
        trial=strategy.trial(folder) if tried else None,
    )
    work(job, messages.append)
    return [Result.from_dict(m["result"]) for m in messages if m["event"] == "check_finished"]


def _prove(
    check: Check,
    fault: Fault | None,
    twin: Path,
    planted: Path,
    clean: Sequence[Result],
    seed: int,
) -> Proof:
    silent = _gravest(check, clean)
    if fault is None:
        return Proof(check.code, check.name, None, None, _status(silent), "has no planted fault")
    shutil.copytree(twin, planted)
    said = fault.plant(planted, np.random.default_rng(seed))
    fired = _gravest(check, judge_folder(planted, [check]))
    problem = None
    if fired is None or not fired.status.is_finding:
        problem = f"did not fire: {_why(fired)}"
    elif silent is None or silent.status is not Status.PASS:
        problem = f"not silent on the clean twin: {_why(silent)}"
    return Proof(check.code, check.name, said, _status(fired), _status(silent), problem)


def _gravest(check: Check, results: Sequence[Result]) -> Result | None:
    """The result that speaks for a check: its gravest finding, else a pass, else the rest."""
    own = [result for result in results if result.code == check.code]
    rank = {Status.PASS: 2, Status.ERROR: 3, Status.WARN: 4, Status.FAIL: 5}
    return max(own, key=lambda result: rank.get(result.status, 1), default=None)


def _status(result: Result | None) -> Status | None:
    return None if result is None else result.status


def _why(result: Result | None) -> str:
    if result is None:
        return "it gave no result"
    return f"{result.status}, {result.reason or result.title}"
