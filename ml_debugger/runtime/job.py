"""What a worker is asked to do, as plain values that fit on one line of JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from ml_debugger.probes.feature_function.trial import FunctionTrial


@dataclass(frozen=True)
class Job:
    """One run's work.

    `paths` are the files and folders to look at; `configured` is true when they are the
    workspace's own. `codes` are the checks. The configuration of the folder `root` holds;
    `flags` are its keys that were given on the command line. `machine` asks for probes of this
    machine, `whole_workspace` for a skip result from each check that finds nothing to judge.
    `done` and `given_up` are set when a worker takes over from one that died: the task keys that
    have a result, and what must not be tried again (`file:`, `scan:` or `task:` and its name),
    with the reason. `suspect` names files in which a check met damage: they are read again, whole.
    `rows_to` is a folder for the rows that findings are about and for the
    coverage of the tables, see `runtime/concerned.py`; None where nobody asks for them.
    `trial` is a feature function to run on the prices, named by the user on the command line.
    `looks_only` keeps probes from writing and fitting anything, as suits a run every few seconds.
    """

    paths: tuple[str, ...]
    codes: tuple[str, ...]
    configured: bool
    machine: bool
    whole_workspace: bool
    root: str = "."
    flags: Mapping[str, Any] = field(default_factory=dict)
    done: tuple[str, ...] = ()
    given_up: Mapping[str, str] = field(default_factory=dict)
    suspect: tuple[str, ...] = ()
    rows_to: str | None = None
    trial: FunctionTrial | None = None
    looks_only: bool = False

    def to_json(self) -> str:
        """One line of JSON."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, line: str) -> Job:
        """The inverse of `to_json`."""
        data = json.loads(line)
        for name in ("paths", "codes", "done", "suspect"):
            data[name] = tuple(data[name])
        data["trial"] = None if data["trial"] is None else FunctionTrial.from_dict(data["trial"])
        return cls(**data)

    def after(self, done: list[str], what: str, reason: str) -> Job:
        """The job for the worker that takes over when work on `what` killed this one."""
        return replace(self, done=tuple(done), given_up={**self.given_up, what: reason})
