"""Faults of boosting rounds, planted in the boosted run of the twin."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from ml_debugger.testing.plant import fault
from ml_debugger.testing.times import same_time
from ml_debugger.testing.twins.training import PLANNED_ROUNDS, write_events
from ml_debugger.testing.xgboost_file import model_bytes


@fault("boosting-overfit")
def plant_boosting_overfit(workspace: Path, rng: np.random.Generator) -> str:
    """A model is grown for all planned rounds without early stopping."""
    file = workspace / "runs" / "xgb-h5" / "training.jsonl"
    events = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    kept = [event for event in events if event["event"] == "run_started"]
    best, worse = int(rng.integers(40, 60)), float(rng.uniform(0.03, 0.06))
    for step in range(PLANNED_ROUNDS):
        past = max(0, step - best) / (PLANNED_ROUNDS - best)
        validation = 0.031 * (1.01 - 0.012 * min(1.0, step / best) + worse * past)
        noise = 1 + 0.0002 * rng.standard_normal()
        kept.append(
            {
                "event": "round",
                "fold": 0,
                "step": step,
                "train_loss": round(0.031 * (1 - 0.002 * step), 7),
                "val_loss": round(validation * noise, 7),
            }
        )
    kept += [event for event in events if event["event"] == "run_finished"]
    with same_time(file):
        write_events(file, kept)
    model = workspace / "runs" / "xgb-h5" / "checkpoints" / "fold-0.ubj"
    if model.is_file():
        features = next(event["features"] for event in kept if "features" in event)
        with same_time(model):
            model.write_bytes(model_bytes(features, PLANNED_ROUNDS, rng))
    return f"runs/xgb-h5 was best at round {best} and grew to {PLANNED_ROUNDS}"
