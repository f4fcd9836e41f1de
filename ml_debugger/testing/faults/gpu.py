"""Faults of GPUs and their driver, written as recorded snapshots."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ml_debugger.artifacts import GpuSnapshot
from ml_debugger.testing.plant import fault
from ml_debugger.testing.times import same_time
from ml_debugger.testing.twins.machine import TAKEN, write_snapshot


@fault("gpu-missing")
def plant_gpu_missing(workspace: Path, _rng: np.random.Generator) -> str:
    """The driver answers and names no card."""
    return _write(
        workspace,
        GpuSnapshot(
            subject="gpu",
            path=None,
            state="answered",
            driver_version="570.124.06",
            cuda_version="12.8",
            signs=("/dev/nvidiactl",),
            taken=TAKEN,
        ),
        "the driver answers and names no card, one is expected",
    )


@fault("driver-unreachable")
def plant_driver_unreachable(workspace: Path, _rng: np.random.Generator) -> str:
    """The driver was updated under a running kernel."""
    return _write(
        workspace,
        GpuSnapshot(
            subject="gpu",
            path=None,
            state="unreachable",
            signs=("/dev/nvidia0", "/dev/nvidiactl", "/proc/driver/nvidia/version"),
            detail="Driver/library version mismatch",
            taken=TAKEN,
        ),
        "NVML answers with a version mismatch between driver and library",
    )


def _write(workspace: Path, snapshot: GpuSnapshot, told: str) -> str:
    file = workspace / "snapshots" / "gpu.json"
    with same_time(file):
        write_snapshot(file, snapshot)
    return told
