"""Cards that wait or do nothing, written into the log of the cards."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from ml_debugger.artifacts import GpuSeries
from ml_debugger.testing.plant import fault
from ml_debugger.testing.twins.cards import change_history


@fault("gpu-idle-while-training")
def plant_gpu_idle_while_training(workspace: Path, rng: np.random.Generator) -> str:
    """The cards work for a quarter of the time and wait for input otherwise."""
    works = rng.random(240) < rng.uniform(0.18, 0.28)

    def starve(series: GpuSeries) -> GpuSeries:
        use = np.where(works, np.asarray(series.utilisation), 0.0)
        return replace(
            series,
            utilisation=[float(value) for value in use],
            power_watts=[float(120 + 4 * value) for value in use],
        )

    change_history(workspace, rng, starve)
    return f"the cards work in {works.mean():.0%} of the samples"


@fault("uneven-load")
def plant_uneven_load(workspace: Path, rng: np.random.Generator) -> str:
    """One of four cards holds the job's memory and does nothing."""
    idle = int(rng.integers(0, 4))

    def rest(series: GpuSeries) -> GpuSeries:
        nothing = [0.0] * len(series.seconds)
        return replace(series, utilisation=nothing, power_watts=[112.0] * len(nothing))

    change_history(workspace, rng, rest, only=idle)
    return f"GPU {idle} does nothing while three others work"
