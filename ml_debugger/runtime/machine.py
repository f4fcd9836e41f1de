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
    StorageSnapshot,
)
from ml_debugger.contract import Check
from ml_debugger.probes.probe import ProbeFailure, take
from ml_debugger.workspace.configuration import Configuration

KIND_OF: Mapping[str, type[Artifact]] = {
    "gpu": GpuSnapshot,
    "host": HostSnapshot,
    "storage": StorageSnapshot,
    "environment": Environment,
}

DEADLINE = 15.0
"""Seconds for all probes, side by side: a driver without persistence mode answers its first
question after several seconds (nvidia-docker issue 379: up to 30 on eight cards)."""


@dataclass(frozen=True)
class Machine:
    """The snapshots that were taken, and why others were not, by kind."""

    snapshots: tuple[Artifact, ...] = ()
    failures: Mapping[type[Artifact], str] = field(default_factory=dict)


def take_machine(
    checks: Sequence[Check], paths: Sequence[Path], configuration: Configuration
) -> Machine:
    """Take the snapshots that the checks judge.

    A driver that gives no answer in time is an answer about the driver, so it becomes a
    snapshot; any other probe that fails is a failure of its kind.
    """
    judged = {need.kind for check in checks for need in check.needs}
    names = [name for name, kind in KIND_OF.items() if kind in judged]
    places = [*map(str, paths), str(configuration.root), tempfile.gettempdir(), str(Path.home())]
    python = configuration["workspace.python"] or _active_python()
    arguments = {
        "storage": list(dict.fromkeys(os.path.realpath(place) for place in places)),
        "environment": ["--python", python] if python else [],
    }
    snapshots: list[Artifact] = []
    failures: dict[type[Artifact], str] = {}
    for name, taken in zip(names, take(names, DEADLINE, arguments=arguments), strict=True):
        if not isinstance(taken, ProbeFailure):
            snapshots.append(taken)
        elif KIND_OF[name] is GpuSnapshot:
            snapshots.append(GpuSnapshot("gpu", None, state="unreachable", detail=taken.reason))
        else:
            failures[KIND_OF[name]] = f"the {name} probe failed: {taken.reason}"
    return Machine(tuple(snapshots), failures)


def _active_python() -> str | None:
    """The interpreter of the virtual or conda environment that the shell has active."""
    for variable in ("VIRTUAL_ENV", "CONDA_PREFIX"):
        python = Path(os.environ.get(variable) or "/nowhere") / "bin" / "python"
        if python.is_file():
            return str(python)
    return None
