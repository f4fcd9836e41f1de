"""Faults of training runs, planted in the neural run of the twin."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import numpy as np

from ml_debugger.testing.plant import fault
from ml_debugger.testing.twins.training import EPOCHS, STEPS_PER_EPOCH, write_metrics

Row = dict[str, str | float]


@fault("non-finite-loss")
def plant_non_finite_loss(workspace: Path, rng: np.random.Generator) -> str:
    """The loss grows for a few steps and is NaN from there on."""
    file, rows = _lstm(workspace)
    first = int(EPOCHS * STEPS_PER_EPOCH * rng.uniform(0.5, 0.7))
    for row in rows:
        step = float(row["step"])
        for name in ("train_loss", "val_loss", "pred_std", "share_positive"):
            if row[name] == "":
                continue
            if step >= first:
                row[name] = "nan"
            elif name == "train_loss" and step >= first - 40:
                row[name] = round(float(row[name]) * 8 ** (1 + (step - first) / 40), 6)
    write_metrics(file, rows)
    return f"the losses of runs/lstm are NaN from step {first}, after they grew eightfold"


@fault("overfitting")
def plant_overfitting(workspace: Path, rng: np.random.Generator) -> str:
    """From a third of the run the validation loss climbs while the training loss falls."""
    file, rows = _lstm(workspace)
    turn = EPOCHS // 3
    top = float(rng.uniform(0.8, 1.2))
    for row in rows:
        past = max(0.0, (float(row["epoch"]) - turn) / (EPOCHS - turn))
        if row["val_loss"] != "":
            row["val_loss"] = round(float(row["val_loss"]) * (1 + top * past), 6)
        if row["train_loss"] != "":
            row["train_loss"] = round(float(row["train_loss"]) * (1 - 0.6 * past), 6)
    write_metrics(file, rows)
    return f"the validation loss of runs/lstm climbs by {top:.0%} from epoch {turn} on"


@fault("variance-collapse")
def plant_variance_collapse(workspace: Path, rng: np.random.Generator) -> str:
    """The spread of predictions decays to less than a quarter after the warm-up."""
    file, rows = _lstm(workspace)
    rate = float(rng.uniform(2.0, 3.0))
    for row in rows:
        if row["pred_std"] != "":
            past = max(0.0, float(row["epoch"]) / EPOCHS - 0.3)
            row["pred_std"] = round(float(row["pred_std"]) * math.exp(-rate * past / 0.7), 8)
    write_metrics(file, rows)
    return f"the predictions of runs/lstm lose {1 - math.exp(-rate):.0%} of their spread"


def _lstm(workspace: Path) -> tuple[Path, list[Row]]:
    file = workspace / "runs" / "lstm" / "metrics.csv"
    with file.open(encoding="utf-8", newline="") as stream:
        return file, [dict(row) for row in csv.DictReader(stream)]
