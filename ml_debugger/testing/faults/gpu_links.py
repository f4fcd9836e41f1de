"""Lost cards, and cards with worse connections or modes; written into recorded snapshots."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from ml_debugger.artifacts import GpuDevice
from ml_debugger.testing.plant import fault
from ml_debugger.testing.times import same_time
from ml_debugger.testing.twins import cards, machine


@fault("gpu-lost")
def plant_gpu_lost(workspace: Path, rng: np.random.Generator) -> str:
    """One of eight cards does not answer; the others do."""
    snapshot = machine.gpu(rng, 8)
    lost = int(rng.integers(0, 8))
    devices = list(snapshot.devices)
    devices[lost] = GpuDevice(
        index=lost, name="unknown", pci=devices[lost].pci, problem="GPU is lost"
    )
    file = workspace / "snapshots" / "gpu.json"
    with same_time(file):
        machine.write_snapshot(file, replace(snapshot, devices=tuple(devices)))
    return f"GPU {lost} of eight does not answer any more"


@fault("pcie-degraded")
def plant_pcie_degraded(workspace: Path, rng: np.random.Generator) -> str:
    """The busy card runs on a quarter of its lanes or fewer."""
    width = int(rng.choice([1, 4]))
    link = replace(cards.h100(0, rng).connection, width=width, generation=3)
    machine.change_card(workspace / "snapshots" / "gpu.json", connection=link)
    return f"the busy card has {width} of 16 lanes of generation 3 of 5"


@fault("nvlink-fault")
def plant_nvlink_fault(workspace: Path, rng: np.random.Generator) -> str:
    """Some of the links are down."""
    down = int(rng.integers(1, 7))
    link = replace(cards.h100(0, rng).connection, links_down=down)
    machine.change_card(workspace / "snapshots" / "gpu.json", connection=link)
    return f"{down} of 18 NVLinks are down"


@fault("mig-mode")
def plant_mig_mode(workspace: Path, _rng: np.random.Generator) -> str:
    """The card was cut into instances."""
    machine.change_card(
        workspace / "snapshots" / "gpu.json",
        mig=True,
        mig_pending=True,
        slices=7,
        utilisation=None,
    )
    return "the card is cut into seven MIG instances, whole cards are wanted"


@fault("persistence-off")
def plant_persistence_off(workspace: Path, _rng: np.random.Generator) -> str:
    """The driver is unloaded between two uses although the configuration forbids it."""
    machine.change_card(workspace / "snapshots" / "gpu.json", persistence=False)
    return "persistence mode is off, the configuration asks for it"
