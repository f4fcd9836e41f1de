"""Memory of cards: full, held by nobody, leaking, or other than configured."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from ml_debugger.artifacts import GpuSeries
from ml_debugger.testing.plant import fault
from ml_debugger.testing.times import same_time
from ml_debugger.testing.twins import cards, machine


@fault("vram-near-full")
def plant_vram_near_full(workspace: Path, rng: np.random.Generator) -> str:
    """The card has some hundred MiB left."""
    free = int(rng.integers(40, 400))
    used = cards.H100_BYTES - (479 + free) * cards.MIB
    machine.change_card(workspace / "snapshots" / "gpu.json", memory_used=used)
    return f"{free} MiB of the card are free"


@fault("vram-orphaned")
def plant_vram_orphaned(workspace: Path, rng: np.random.Generator) -> str:
    """An idle card holds memory, and no process is listed or seen."""
    file = workspace / "snapshots" / "gpu.json"
    held = int(rng.integers(10, 60))
    snapshot = machine.gpu(rng)
    (device,) = snapshot.devices
    alone = replace(
        device, memory_used=held * machine.GIB, utilisation=0.0, power_watts=118.0, processes=()
    )
    with same_time(file):
        machine.write_snapshot(file, replace(snapshot, devices=(alone,), users=()))
    return f"{held} GiB of the idle card are held by no process"


@fault("memory-claim-wrong")
def plant_memory_claim_wrong(workspace: Path, _rng: np.random.Generator) -> str:
    """The configuration claims the memory of another card."""
    file = workspace / "diagnostic.toml"
    text = file.read_text(encoding="utf-8")
    with same_time(file):
        file.write_text(text.replace("gpu_memory_gb = 80", "gpu_memory_gb = 192"), encoding="utf-8")
    return "the configuration claims 192 GB, the card holds 80"


@fault("vram-growth")
def plant_vram_growth(workspace: Path, rng: np.random.Generator) -> str:
    """Each step of one rank keeps a little memory."""
    an_hour = float(rng.uniform(8_000, 14_000))

    def leak(series: GpuSeries) -> GpuSeries:
        hours = np.asarray(series.seconds) / 3600
        grown = np.asarray(series.memory_used) + hours * an_hour * cards.MIB
        return replace(series, memory_used=[float(value) for value in grown])

    cards.change_history(workspace, rng, leak, only=2)
    return f"the memory of GPU 2 grows by {an_hour / 1024:.1f} GiB an hour"
