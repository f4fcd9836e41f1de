"""Faults of the interpreter that trains, written as recorded snapshots."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ml_debugger.testing.plant import fault
from ml_debugger.testing.times import same_time
from ml_debugger.testing.twins.machine import environment, write_snapshot


@fault("xgboost-no-cuda")
def plant_xgboost_no_cuda(workspace: Path, _rng: np.random.Generator) -> str:
    """XGBoost is a build without CUDA and falls back to the CPU."""
    file = workspace / "snapshots" / "environment.json"
    with same_time(file):
        write_snapshot(file, environment("fails", "the tiny fit ran on cpu"))
    return "the tiny fit with device=cuda ran on the CPU"
