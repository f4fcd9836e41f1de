"""Faults that the kernel log tells of."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ml_debugger.testing.plant import fault
from ml_debugger.testing.times import same_time
from ml_debugger.testing.twins import kernel


@fault("xid-error")
def plant_xid_error(workspace: Path, rng: np.random.Generator) -> str:
    """A card meets an uncontained memory error, after a flood of a bad kernel."""
    file = workspace / "snapshots" / kernel.NAME
    card = f"PCI:0000:{int(rng.integers(1, 200)):02x}:00"
    flood = (
        f"NVRM: Xid ({card}): 13, pid='<unknown>', name=<unknown>, Graphics SM Warp Exception on "
        f"(GPC {n % 8}, TPC {n % 9}, SM 0): Out Of Range Address"
        for n in range(60)
    )
    with same_time(file):
        kernel.append(file, *flood, f"NVRM: Xid ({card}): 95, pid=4100, Uncontained: LTC TAG (0x2)")
    return f"the kernel log tells of 60 Xids 13 and one Xid 95 on {card}"
