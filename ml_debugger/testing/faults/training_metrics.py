"""Faults of metrics, step times and kept checkpoints, planted in the runs of the twin."""

from __future__ import annotations

import csv
import json
import os
from pathlib import Path
from typing import Any

import numpy as np

from ml_debugger.testing.plant import fault
from ml_debugger.testing.times import same_time
from ml_debugger.testing.twins.checkpoints import neural_weights, safetensors_bytes
from ml_debugger.testing.twins.gradients import FOLDER, LOG, write_rows
from ml_debugger.testing.twins.training import EPOCHS, STEPS_PER_EPOCH, write_metrics

Rows = list[dict[str, Any]]


@fault("non-finite-metric")
def plant_non_finite_metric(workspace: Path, rng: np.random.Generator) -> str:
    """From an epoch on the correlation that is behind a metric is not defined."""
    file, rows = _tft(workspace)
    first = int(rng.integers(8, 16))
    for row in rows:
        if "val_directional_accuracy" in row and row["epoch"] >= first:
            row["val_directional_accuracy"] = float("nan")
    _write(file, rows)
    return f"the directional accuracy of {FOLDER} is NaN from epoch {first} on"


@fault("implausible-metric")
def plant_implausible_metric(workspace: Path, rng: np.random.Generator) -> str:
    """The future is in a feature: the model is right on most days."""
    file, rows = _tft(workspace)
    top = float(rng.uniform(0.8, 0.9))
    for row in rows:
        if "val_directional_accuracy" in row:
            learnt = 1 - np.exp(-row["epoch"] / 4)
            level = 0.5 + (top - 0.5) * learnt + 0.004 * rng.standard_normal()
            row["val_directional_accuracy"] = round(float(level), 4)
    _write(file, rows)
    return f"the directional accuracy of {FOLDER} rises to {top:.0%}"


@fault("pinned-metric")
def plant_pinned_metric(workspace: Path, rng: np.random.Generator) -> str:
    """Every row is given the same sign: the accuracy is the share of rising days."""
    file, rows = _tft(workspace)
    share = round(float(rng.uniform(0.521, 0.548)), 4)
    for row in rows:
        if "val_directional_accuracy" in row:
            row["val_directional_accuracy"] = share
    _write(file, rows)
    return f"the directional accuracy of {FOLDER} is {share} after every epoch"


@fault("slow-step")
def plant_slow_step(workspace: Path, rng: np.random.Generator) -> str:
    """The time of a step grows from a third of the run on."""
    file, rows = _tft(workspace)
    times = float(rng.uniform(4, 6))
    last = max(row["step"] for row in rows)
    clock, late = 0.0, 0.0
    for row in rows:
        if "step_time" not in row:
            continue
        before = row["step_time"]
        past = max(0.0, row["step"] / last - 1 / 3) / (2 / 3)
        row["step_time"] = round(before * (1 + (times - 1) * past), 5)
        late += (row["step_time"] - before) * (row["step"] - clock)
        clock = row["step"]
        row["timestamp"] = round(row["timestamp"] + late, 3)
    _write(file, rows)
    return f"a step of {FOLDER} takes {times:.1f} times as long at the end"


@fault("sign-collapse")
def plant_sign_collapse(workspace: Path, rng: np.random.Generator) -> str:
    """In the second half of the run the predictions become positive one after the other."""
    file = workspace / "runs" / "lstm" / "metrics.csv"
    with file.open(encoding="utf-8", newline="") as stream:
        rows: Rows = [dict(row) for row in csv.DictReader(stream)]
    turn = int(rng.integers(EPOCHS // 2, EPOCHS * 2 // 3))
    for row in rows:
        past = float(row["epoch"]) - turn
        if row["share_positive"] != "" and past > 0:
            before = float(row["share_positive"])
            row["share_positive"] = round(1 - (1 - before) * 0.6**past, 4)
    write_metrics(file, rows)
    return f"the share of positive predictions of runs/lstm runs to 100 % from epoch {turn} on"


@fault("best-checkpoint-missed")
def plant_best_checkpoint_missed(workspace: Path, rng: np.random.Generator) -> str:
    """The validation loss climbs after a third of the run, and the last three saves are kept."""
    run = workspace / "runs" / "lstm"
    with (run / "metrics.csv").open(encoding="utf-8", newline="") as stream:
        rows: Rows = [dict(row) for row in csv.DictReader(stream)]
    turn, top = EPOCHS // 3, float(rng.uniform(0.4, 0.8))
    losses = {}
    for row in rows:
        if row["val_loss"] != "":
            epoch = int(float(row["epoch"]))
            past = max(0.0, (epoch - turn) / (EPOCHS - turn))
            row["val_loss"] = losses[epoch] = round(float(row["val_loss"]) * (1 + top * past), 6)
    with same_time(run / "metrics.csv"):
        write_metrics(run / "metrics.csv", rows)
    folder = run / "checkpoints"
    files = sorted(folder.glob("*.safetensors"))
    weights = neural_weights(rng)
    moment = max(file.stat().st_mtime for file in files)
    for file in files:
        file.unlink()
    for epoch in range(EPOCHS - 3, EPOCHS):
        step = (epoch + 1) * STEPS_PER_EPOCH - 1
        moved = {name: value + np.float32(0.001 * epoch) for name, value in weights.items()}
        file = folder / f"epoch={epoch:02d}-val_loss={losses[epoch]:.5f}.safetensors"
        file.write_bytes(safetensors_bytes(moved, {"epoch": str(epoch), "step": str(step)}))
        os.utime(file, (moment, moment))
    return f"runs/lstm keeps its last three epochs; its best was epoch {turn}"


def _tft(workspace: Path) -> tuple[Path, Rows]:
    file = workspace / FOLDER / LOG
    return file, [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def _write(file: Path, rows: Rows) -> None:
    with same_time(file):
        write_rows(file, rows)
