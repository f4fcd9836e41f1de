"""Faults of volumes, written as recorded snapshots."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from ml_debugger.testing.plant import fault
from ml_debugger.testing.times import same_time
from ml_debugger.testing.twins.machine import GIB, storage, write_snapshot


@fault("disk-near-full")
def plant_disk_near_full(workspace: Path, rng: np.random.Generator) -> str:
    """The container's own disk has hardly anything left."""
    file = workspace / "snapshots" / "storage.json"
    snapshot = storage(rng)
    small, *others = snapshot.volumes
    free = int(rng.uniform(0.2, 1.0) * GIB)
    full = replace(snapshot, volumes=(replace(small, free=free), *others))
    with same_time(file):
        write_snapshot(file, full)
    return f"the volume / has {free / GIB:.1f} of 80 GiB free"
