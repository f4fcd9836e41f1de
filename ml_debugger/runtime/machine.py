"""Which snapshots of this machine a run needs, taken side by side."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ml_debugger.artifacts import (
    Artifact,
    Environment,
    GpuSnapshot,
    HostSnapshot,
    KernelLog,
    StorageSnapshot,
)
from ml_debugger.contract import Check
from ml_debugger.probes.probe import ProbeFailure, take
from ml_debugger.probes.signs import device_files
from ml_debugger.runtime.clock_history import with_past_clocks
from ml_debugger.runtime.history import history_path
from ml_debugger.runtime.volume_history import with_past
from ml_debugger.workspace.configuration import Configuration

KIND_OF: Mapping[str, type[Artifact]] = {
    "gpu": GpuSnapshot,
    "host": HostSnapshot,
    "storage": StorageSnapshot,
    "environment": Environment,
    "kernel_log": KernelLog,
}

DEADLINES: Mapping[str, float] = {
    "gpu": 15.0,
    "host": 15.0,
    "storage": 18.0,
    "environment": 60.0,
    "kernel_log": 12.0,
}
"""Seconds for each probe, side by side: a driver without persistence mode answers its first
question after several seconds (nvidia-docker issue 379: up to 30 on eight cards); storage asks
links, mounts and a real write one after the other, 14 s where each of them hangs; an interpreter
on a cold network disk imports torch and makes its first contact with a card."""

ALL = max(DEADLINES.values()) + 5.0
"""Seconds after which all probes have answered or were given up."""

_WRITTEN = frozenset({"quota-exceeded", "slow-disk"})
_WALKED = frozenset({"temp-accumulation", "large-unused-file"})
_TRAINED = frozenset(
    {"torch-cuda-mismatch", "lightgbm-no-gpu", "xgboost-no-cuda", "tf32-off",
     "distributed-misconfigured", "compile-cache-cold"}
)  # fmt: skip
_SAID = frozenset({"tf32-off", "nondeterministic"})
"""Checks that need more of a probe than a look: a real write, a walk, tiny fits, code."""


@dataclass(frozen=True)
class Machine:
    """The snapshots that were taken, and why others were not, by kind."""

    snapshots: tuple[Artifact, ...] = ()
    failures: Mapping[type[Artifact], str] = field(default_factory=dict)


def take_machine(
    checks: Sequence[Check],
    paths: Sequence[Path],
    configuration: Configuration,
    *,
    looks_only: bool = False,
) -> Machine:
    """Take the snapshots that the checks judge.

    A driver that gives no answer in time is an answer about the driver, so it becomes a
    snapshot; any other probe that fails is a failure of its kind. With `looks_only` nothing is
    written and nothing is fitted.
    """
    needs = [need for check in checks for need in check.needs]
    judged = {kind for need in needs for kind in (need.kind, *need.others)}
    names = [name for name, kind in KIND_OF.items() if kind in judged]
    arguments = {
        "storage": _of_storage(checks, paths, configuration, looks_only=looks_only),
        "environment": _of_environment(checks, configuration, looks_only=looks_only),
    }
    snapshots: list[Artifact] = []
    failures: dict[type[Artifact], str] = {}
    for name, taken in zip(names, take(names, DEADLINES, arguments=arguments), strict=True):
        if isinstance(taken, StorageSnapshot):
            snapshots.append(with_past(taken, history_path()))
        elif isinstance(taken, HostSnapshot):
            snapshots.append(with_past_clocks(taken, history_path()))
        elif not isinstance(taken, ProbeFailure):
            snapshots.append(taken)
        elif KIND_OF[name] is GpuSnapshot:
            snapshots.append(GpuSnapshot("gpu", None, state="unreachable", detail=taken.reason))
        else:
            failures[KIND_OF[name]] = f"the {name.replace('_', ' ')} probe failed: {taken.reason}"
    return Machine(tuple(snapshots), failures)


def _of_storage(
    checks: Sequence[Check],
    paths: Sequence[Path],
    configuration: Configuration,
    *,
    looks_only: bool,
) -> list[str]:
    wanted = {check.name for check in checks}
    own = dict.fromkeys((str(configuration.root), *map(str, paths)))
    places = [word for path in own for word in ("--workspace", path)]
    flags = ["--write"] if wanted & _WRITTEN and not looks_only else []
    flags += ["--walk"] if wanted & _WALKED else []
    return [*places, "--temporary", tempfile.gettempdir(), *flags, "--", str(Path.home())]


def _of_environment(
    checks: Sequence[Check], configuration: Configuration, *, looks_only: bool
) -> list[str]:
    python = configuration["workspace.python"] or _active_python()
    wanted = {check.name for check in checks}
    arguments = ["--python", python] if python else []
    if wanted & _TRAINED and not looks_only:
        arguments.append("--fits")
    if wanted & _SAID:
        arguments += ["--code", str(configuration.root.absolute())]
    # the checks of one component alone are asked for in a hurry
    several = len({check.component for check in checks}) > 1
    # importing torch in three processes takes seconds: only where ranks could meet
    meets = len(device_files()) > 1
    if several and meets and configuration["run.profile"] == "full" and not looks_only:
        arguments.append("--all-reduce")
    return arguments


def _active_python() -> str | None:
    """The interpreter of the virtual or conda environment that the shell has active."""
    for variable in ("VIRTUAL_ENV", "CONDA_PREFIX"):
        python = Path(os.environ.get(variable) or "/nowhere") / "bin" / "python"
        if python.is_file():
            return str(python)
    return None
