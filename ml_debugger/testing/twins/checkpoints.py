"""The twin's checkpoints: the boosted model's folds and the neural run's best three epochs."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np

from ml_debugger.testing.xgboost_file import model_bytes

KEPT = 3
TREES = 24
HIDDEN = 8
INPUTS = 12


def write(folder: Path, rng: np.random.Generator) -> None:
    """Write runs/xgb-h5/checkpoints/ with its index, and runs/lstm/checkpoints/."""
    write_boosted(folder / "runs" / "xgb-h5", rng)
    write_neural(folder / "runs" / "lstm", rng)


def write_boosted(run: Path, rng: np.random.Generator) -> None:
    """One model of each fold, and the index in the form that the engine writes."""
    events = _events(run / "training.jsonl")
    features = next(e["features"] for e in events if e["event"] == "run_started")
    target = run / "checkpoints"
    target.mkdir(parents=True, exist_ok=True)
    entries = []
    for finished in (e for e in events if e["event"] == "fold_finished"):
        fold, step = finished["fold"], finished["best_step"]
        (target / f"fold-{fold}.ubj").write_bytes(model_bytes(features, TREES, rng))
        losses = [
            e["val_loss"]
            for e in events
            if e["event"] == "round" and e["fold"] == fold and e["step"] == step
        ]
        entries.append(
            {
                "file": f"fold-{fold}.ubj",
                "role": "fold",
                "fold": fold,
                "step": step,
                "validation_loss": losses[0] if losses else None,
                "trained_through": f"2023-0{6 + fold}-30",
                "created": f"2025-06-02T06:0{1 + fold}:00Z",
            }
        )
    index = {"schema": "ml-debugger/checkpoints/1", "checkpoints": entries[:KEPT]}
    (target / "checkpoints.json").write_text(json.dumps(index, indent=2) + "\n", encoding="utf-8")


def write_neural(run: Path, rng: np.random.Generator) -> None:
    """The best three epochs of the run, by validation loss, as safetensors."""
    target = run / "checkpoints"
    target.mkdir(parents=True, exist_ok=True)
    with (run / "metrics.csv").open(encoding="utf-8", newline="") as stream:
        rows = [row for row in csv.DictReader(stream) if row["val_loss"]]
    best = sorted(rows, key=lambda row: float(row["val_loss"]))[:KEPT]
    weights = neural_weights(rng)
    for row in sorted(best, key=lambda row: float(row["epoch"])):
        moved = {
            name: (value + 0.01 * rng.standard_normal(value.shape)).astype(np.float32)
            for name, value in weights.items()
        }
        name = f"epoch={int(float(row['epoch'])):02d}-val_loss={float(row['val_loss']):.5f}"
        file = target / f"{name}.safetensors"
        file.write_bytes(safetensors_bytes(moved, {"epoch": row["epoch"], "step": row["step"]}))


def neural_weights(rng: np.random.Generator) -> dict[str, np.ndarray[Any, Any]]:
    """Weights of a small recurrent net, uniform within 1/sqrt(hidden) as torch starts them."""
    bound = HIDDEN**-0.5
    shapes = {
        "lstm.weight_ih_l0": (4 * HIDDEN, INPUTS),
        "lstm.weight_hh_l0": (4 * HIDDEN, HIDDEN),
        "lstm.bias_ih_l0": (4 * HIDDEN,),
        "lstm.bias_hh_l0": (4 * HIDDEN,),
        "head.weight": (1, HIDDEN),
        "head.bias": (1,),
    }
    return {
        name: rng.uniform(-bound, bound, shape).astype(np.float32) for name, shape in shapes.items()
    }


def safetensors_bytes(
    tensors: dict[str, np.ndarray[Any, Any]], metadata: dict[str, str] | None = None
) -> bytes:
    """A file in the format of huggingface/safetensors; float32 only."""
    header: dict[str, Any] = {"__metadata__": metadata} if metadata else {}
    values = b""
    for name, tensor in tensors.items():
        raw = tensor.astype("<f4").tobytes()
        header[name] = {
            "dtype": "F32",
            "shape": list(tensor.shape),
            "data_offsets": [len(values), len(values) + len(raw)],
        }
        values += raw
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + values


def _events(file: Path) -> list[dict[str, Any]]:
    lines = file.read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines if line.strip()]
