"""Faults of the host's memory, written as recorded snapshots."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ml_debugger.testing.plant import fault
from ml_debugger.testing.times import same_time
from ml_debugger.testing.twins.machine import host, write_snapshot


@fault("memory-near-limit")
def plant_memory_near_limit(workspace: Path, rng: np.random.Generator) -> str:
    """The container uses nearly all that it may, while the host has plenty."""
    file = workspace / "snapshots" / "host.json"
    share = float(rng.uniform(0.96, 0.99))
    with same_time(file):
        write_snapshot(file, host(rng, used_share=share))
    return f"the container uses {share:.0%} of its 90 GiB on a host of 754 GiB"
