"""Faults of checkpoints."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from ml_debugger.testing.plant import fault
from ml_debugger.testing.times import same_time
from ml_debugger.testing.twins.checkpoints import neural_weights, safetensors_bytes

_FLOOD = 70


@fault("unreadable-checkpoint")
def plant_unreadable_checkpoint(workspace: Path, rng: np.random.Generator) -> str:
    """The last checkpoint of the neural run was cut short while it was written."""
    file = sorted((workspace / "runs" / "lstm" / "checkpoints").glob("*.safetensors"))[-1]
    content = file.read_bytes()
    kept = int(len(content) * rng.uniform(0.5, 0.9))
    with same_time(file):
        file.write_bytes(content[:kept])
    return f"{file.relative_to(workspace)} was cut after {kept:,} of {len(content):,} bytes"


@fault("checkpoint-flood")
def plant_checkpoint_flood(workspace: Path, rng: np.random.Generator) -> str:
    """Another neural run saved at every epoch and kept every file."""
    folder = workspace / "runs" / "lstm" / "checkpoints"
    moment = max(file.stat().st_mtime for file in folder.iterdir())
    weights = neural_weights(rng)
    for epoch in range(_FLOOD):
        moved = {name: value + np.float32(0.001 * epoch) for name, value in weights.items()}
        file = folder / f"epoch_{epoch}.safetensors"
        file.write_bytes(safetensors_bytes(moved, {"epoch": str(epoch)}))
        # an hour in all, ending with the run itself
        os.utime(file, (moment, moment - 3600 * (_FLOOD - epoch) / _FLOOD))
    return f"runs/lstm/checkpoints keeps {_FLOOD} checkpoints, one of every epoch"
