"""Faults of trainings on several ranks, planted in the twin's runs/ddp."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from ml_debugger.testing.plant import fault
from ml_debugger.testing.twins.ranks import LOG, RANKS, STEPS, write_events


@fault("desynchronised-ranks")
def plant_desynchronised_ranks(workspace: Path, rng: np.random.Generator) -> str:
    """One rank stops taking part in the averaging of gradients, and walks away."""
    file = workspace / LOG
    found = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    first = int(STEPS * rng.uniform(0.3, 0.6))
    rank = int(rng.integers(1, RANKS))
    for row in found:
        if row.get("step", -1) >= first and "ranks_apart" in row:
            row["ranks_apart"] = 1
            row["rank_spread/weight_norm"] = round(1e-6 * (row["step"] - first + 1), 9)
    text = f"rank {rank} and rank 0 hold different parameters at step {first}"
    found.insert(-1, {"event": "note", "name": "ranks", "text": text})
    write_events(file, found)
    return f"rank {rank} of runs/ddp holds other parameters than rank 0 from step {first} on"
