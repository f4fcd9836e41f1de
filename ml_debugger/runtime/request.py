"""What the front ends ask for: a check of the workspace, or an inspection of paths."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from ml_debugger.artifacts import RecomputedColumn
from ml_debugger.contract import Status
from ml_debugger.errors import UsageError
from ml_debugger.probes.feature_function.trial import FunctionTrial
from ml_debugger.probes.side_by_side import side_by_side
from ml_debugger.runtime.job import Job
from ml_debugger.runtime.judge import effective
from ml_debugger.runtime.registry import registry
from ml_debugger.runtime.supervisor import Request
from ml_debugger.workspace import configuration as configurations
from ml_debugger.workspace.configuration import Configuration

SILENT = 5.0
"""Seconds after which a mount counts as one that does not answer, as in the storage probe."""

TRIAL_SHARE = 0.75
"""Of the time of a run, for the calls of a function; reading and judging need the rest."""


def check_request(
    folder: Path,
    words: Sequence[str] = (),
    *,
    profile: str | None = None,
    fail_on: str | None = None,
    min_score: float | None = None,
    python: str | None = None,
    looks_only: bool = False,
) -> Request:
    """A check of the workspace that holds `folder`, and of this machine.

    `python` is the interpreter that trains. With `looks_only` nothing is written or fitted on
    the machine. Raises UsageError for an unknown check and ConfigError for a wrong configuration.
    """
    flags = {
        "run.profile": profile,
        "run.fail_on": fail_on,
        "run.min_score": min_score,
        "workspace.python": python,
    }
    configuration = configurations.load(folder).with_flags(flags)
    chosen = configuration["run.profile"]
    checks = registry().select(words, chosen)
    validate_limits(configuration)
    root = configuration.root if configuration.file is not None else folder
    paths = [root / path for path in configuration["workspace.paths"]]
    there = _there(paths)
    for path in paths:
        if not there[path]:
            source = configuration.values["workspace.paths"].source
            raise UsageError(f"{source}: 'workspace.paths' names {path}, which does not exist")
    job = Job(
        paths=tuple(map(str, paths)),
        codes=tuple(check.code for check in checks),
        configured=True,
        machine=True,
        whole_workspace=True,
        root=str(folder),
        flags=_given(flags),
        looks_only=looks_only,
    )
    name = " ".join(words) if words else chosen
    # a check that was asked for by its own name and cannot look leaves the run incomplete
    named = frozenset(check.code for check in checks if {check.code, check.name} & asked(words))
    return _request(job, configuration, "check", name, str(root.resolve()), named)


def _there(paths: Sequence[Path], seconds: float = SILENT) -> Mapping[Path, bool]:
    """Whether each path exists. Raises UsageError for one on a mount that does not answer."""
    answers = side_by_side({path: partial(_exists, path) for path in paths}, seconds)
    for path in paths:
        said = answers.get(path)
        if said is None:
            raise UsageError(
                f"{path}: its mount gave no answer within {seconds:g} s; 'diagnostic check"
                " stale-mount' in a folder that answers says more"
            )
        if isinstance(said, OSError):
            raise UsageError(f"{path}: {said.strerror or said}")
    return {path: answers[path] is True for path in paths}


def _exists(path: Path) -> bool | OSError:
    try:
        return path.exists()
    except OSError as error:
        return error


def inspect_request(
    paths: Sequence[str],
    words: Sequence[str] = (),
    *,
    fail_on: str | None = None,
    min_score: float | None = None,
) -> Request:
    """An inspection of files and folders, without the machine, by all checks or those named.

    Raises UsageError naming a path that does not exist.
    """
    there = _there([Path(path) for path in paths])
    for path in paths:
        if not there[Path(path)] and not Path(path).is_symlink():
            raise UsageError(f"{path}: no such file or folder")
    flags = {"run.fail_on": fail_on, "run.min_score": min_score}
    configuration = configurations.load(Path()).with_flags(flags)
    validate_limits(configuration)
    job = Job(
        paths=tuple(paths),
        codes=tuple(c.code for c in (registry().select(words) if words else registry().values())),
        configured=False,
        machine=False,
        whole_workspace=False,
        flags=_given(flags),
    )
    shown = " ".join(str(Path(path).absolute()) for path in paths)
    return _request(job, configuration, "inspect", "full", shown)


def leakage_request(
    trial: FunctionTrial,
    data: Sequence[str],
    *,
    fail_on: str | None = None,
    min_score: float | None = None,
) -> Request:
    """A trial of a feature function on prices; it must be judged, or the run is incomplete.

    Raises UsageError naming what does not exist: the function's file, the data, the interpreter.
    """
    place, colon, name = trial.target.rpartition(":")
    if not colon or not place or not all(part.isidentifier() for part in name.split(".")):
        raise UsageError(f"{trial.target}: write FILE.py:FUNCTION or MODULE:FUNCTION")
    if trial.file is not None and not trial.file.is_file():
        raise UsageError(f"{trial.file}: no such file")
    if Path(place).is_file() and Path(place).suffix != ".py":
        raise UsageError(f"{place}: is no Python file (.py)")
    if trial.file is None and not all(part.isidentifier() for part in place.split(".")):
        raise UsageError(f"{place}: is neither a Python file (.py) nor the name of a module")
    if shutil.which(trial.python) is None:
        raise UsageError(f"{trial.python}: no such interpreter")
    there = _there([Path(path) for path in data])
    for path in data:
        if not there[Path(path)]:
            raise UsageError(f"{path}: no such file or folder")
    flags = {"run.fail_on": fail_on, "run.min_score": min_score}
    configuration = configurations.load(Path()).with_flags(flags)
    validate_limits(configuration)
    checks = [check for check in registry().values() if check.judges is RecomputedColumn]
    job = Job(
        paths=tuple(data),
        codes=tuple(check.code for check in checks),
        configured=False,
        machine=False,
        whole_workspace=False,
        flags=_given(flags),
        trial=replace(trial, seconds=TRIAL_SHARE * float(configuration["run.seconds"])),
    )
    return _request(job, configuration, "leakage", "full", trial.target, frozenset(job.codes))


def validate_limits(configuration: Configuration) -> None:
    """Refuse limits for checks that are not installed, or that a check does not have."""
    for (owner, _), value in configuration.limits.items():
        try:
            check = registry().find(owner)
        except UsageError as error:
            raise UsageError(f"{value.source}: 'limits.{owner}': {error}") from error
        effective(check, configuration.limits)


def asked(words: Sequence[str]) -> set[str]:
    """The words as codes and as names are written."""
    return {word.upper() for word in words} | {word.lower() for word in words}


def _given(flags: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in flags.items() if value is not None}


def _request(
    job: Job,
    configuration: Configuration,
    command: str,
    profile: str,
    workspace: str,
    required: frozenset[str] = frozenset(),
) -> Request:
    return Request(
        job=job,
        command=command,
        profile=profile,
        workspace=workspace,
        fail_on=Status(configuration["run.fail_on"]),
        min_score=configuration["run.min_score"],
        required=required,
        seconds=float(configuration["run.seconds"]),
    )
