"""Cards that slow down, and heat; written into recorded snapshots."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ml_debugger.testing.plant import fault
from ml_debugger.testing.twins.machine import change_card


@fault("throttled-thermal")
def plant_throttled_thermal(workspace: Path, rng: np.random.Generator) -> str:
    """The hardware slows the busy card down for heat."""
    heat = float(rng.integers(84, 88))
    _card(
        workspace,
        throttled=("hardware-slowdown", "hardware-thermal"),
        temperature=heat,
        margin=85 - heat,
        utilisation=97.0,
    )
    return f"the hardware slows the card down at {heat:.0f} degrees"


@fault("throttled-power")
def plant_throttled_power(workspace: Path, rng: np.random.Generator) -> str:
    """The power supply brakes the busy card."""
    watts = round(float(rng.uniform(180, 260)), 1)
    reasons = ("hardware-slowdown", "hardware-power-brake")
    _card(workspace, throttled=reasons, power_watts=watts, utilisation=98.0)
    return f"the power brake holds the busy card at {watts:.0f} W"


@fault("overheating")
def plant_overheating(workspace: Path, rng: np.random.Generator) -> str:
    """No degree is left to the slowdown."""
    margin = float(rng.integers(-2, 1))
    _card(workspace, temperature=85 - margin, margin=margin)
    return f"the card has a margin of {margin:.0f} degrees to its slowdown"


@fault("fan-fault")
def plant_fan_fault(workspace: Path, rng: np.random.Generator) -> str:
    """The fan of a workstation's card stands still under load."""
    heat = float(rng.integers(80, 87))
    change_card(
        workspace / "snapshots" / "workstation.json", fan=0.0, temperature=heat, utilisation=97.0
    )
    return f"the fan stands still with the card at {heat:.0f} degrees"


def _card(workspace: Path, **changes: object) -> None:
    change_card(workspace / "snapshots" / "gpu.json", **changes)
