"""Which probes of this machine a run needs, taken side by side."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ml_debugger.artifacts import (
    Artifact,
    Environment,
    GpuSnapshot,
    HostSnapshot,
    StorageSnapshot,
)
from ml_debugger.contract import Check
from ml_debugger.workspace.configuration import Configuration

PROBE_OF: dict[type[Artifact], str] = {
    GpuSnapshot: "gpu",
    HostSnapshot: "host",
    StorageSnapshot: "storage",
    Environment: "environment",
}


def take_machine(
    checks: Sequence[Check], paths: Sequence[Path], configuration: Configuration
) -> list[Artifact]:
    """Take the snapshots that the checks judge."""
    return []
