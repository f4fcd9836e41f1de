"""The twin's run on four ranks, as the live monitor logs it: runs/ddp."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np

LOG = "runs/ddp/training.jsonl"
STEPS = 6_000
RANKS = 4
COMPARED_EVERY = 100
_LOGGED_EVERY = 20
_STARTED = 1_748_847_600.0  # 2025-06-02T07:00:00Z


def write(folder: Path, rng: np.random.Generator) -> None:
    """Write the log of the run."""
    # a child, so that what other writers draw does not depend on this one
    write_events(folder / LOG, events(rng.spawn(1)[0]))


def events(rng: np.random.Generator) -> list[dict[str, Any]]:
    """A network on standardised returns; each rank's loss is that of its own batches."""
    found: list[dict[str, Any]] = [
        {
            "event": "run_started",
            "schema": "ml-debugger/training-log/1",
            "run": "ddp",
            "step_unit": "step",
            "model": "transformer",
            "planned_steps": STEPS,
            "started": "2025-06-02T07:00:00+00:00",
        }
    ]
    for step in range(_LOGGED_EVERY - 1, STEPS, _LOGGED_EVERY):
        done = step / STEPS
        level = 0.955 + 0.09 * math.exp(-step / 700) - 0.015 * done
        loss = level * (1 + 0.02 * rng.standard_normal())
        row: dict[str, Any] = {
            "event": "round",
            "step": step,
            "train_loss": round(loss, 6),
            "learning_rate": round(5e-4 * min(1.0, (step + 1) / 300) * (1.05 - done) / 1.05, 9),
            "grad_norm": round(0.6 * math.exp(0.25 * rng.standard_normal()) + 2 / (1 + step), 6),
            "step_time": round(0.21 * (1 + 0.03 * rng.standard_normal()), 5),
            "timestamp": round(_STARTED + 0.21 * step, 3),
        }
        if (step + 1) % COMPARED_EVERY == 0:
            row["ranks_non_finite"] = 0
            row["ranks_apart"] = 0
            row["rank_spread/weight_norm"] = 0.0
            row["rank_spread/train_loss"] = round(0.04 * abs(rng.standard_normal()), 6)
        found.append(row)
    found.append({"event": "run_finished", "finished": "2025-06-02T07:21:02+00:00"})
    return found


def write_events(file: Path, found: list[dict[str, Any]]) -> None:
    """Write events as JSON Lines."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(json.dumps(event) + "\n" for event in found), encoding="utf-8")
