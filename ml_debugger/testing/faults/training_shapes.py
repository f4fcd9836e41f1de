"""Faults in the shape of a loss, planted in the neural runs of the twin."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from ml_debugger.testing.plant import fault
from ml_debugger.testing.twins import gradients
from ml_debugger.testing.twins.training import EPOCHS, STEPS_PER_EPOCH, write_metrics

_TOTAL = EPOCHS * STEPS_PER_EPOCH


@fault("diverging-loss")
def plant_diverging_loss(workspace: Path, rng: np.random.Generator) -> str:
    """From the middle of the run both losses climb to many times their level."""
    start = float(rng.uniform(0.4, 0.6))
    top = float(rng.uniform(3.0, 8.0))

    def factor(step: float) -> float:
        return math.exp(math.log(top) * max(0.0, (step / _TOTAL - start) / (1 - start)))

    _change(workspace, lambda _name, step, value: value * factor(step))
    return f"both losses of runs/lstm climb {top:.1f}-fold from step {start * _TOTAL:.0f} on"


@fault("loss-spike")
def plant_loss_spike(workspace: Path, rng: np.random.Generator) -> str:
    """Two logged batches cost many times the level of the run."""
    first = int(rng.integers(300, 800))
    second = int(rng.integers(1000, 1700))
    hit = {10 * (first // 10) - 1: 9.0, 10 * (second // 10) - 1: 15.0}

    def spike(name: str, step: float, value: float) -> float:
        return value * hit.get(int(step), 1.0) if name == "train_loss" else value

    _change(workspace, spike)
    return f"the training loss of runs/lstm jumps at steps {' and '.join(map(str, hit))}"


@fault("oscillating-loss")
def plant_oscillating_loss(workspace: Path, rng: np.random.Generator) -> str:
    """The validation loss goes up and down by a third from epoch to epoch."""
    share = float(rng.uniform(0.25, 0.45))

    def swing(name: str, step: float, value: float) -> float:
        if name != "val_loss":
            return value
        return value * (1 + share * (1 if step // STEPS_PER_EPOCH % 2 else -1))

    _change(workspace, swing)
    return f"the validation loss of runs/lstm swings by {share:.0%} from epoch to epoch"


@fault("loss-plateau")
def plant_loss_plateau(workspace: Path, rng: np.random.Generator) -> str:
    """The training loss stays at the variance of the label from the first step on."""
    level = float(rng.uniform(0.99, 1.01))

    _change(workspace, lambda *_: level * (1 + 0.002 * float(rng.standard_normal())))
    return f"the losses of runs/lstm stay at {level:.3f}, the variance of the label"


@fault("underfit")
def plant_underfit(workspace: Path, rng: np.random.Generator) -> str:
    """Every validation measure of the transformer is that of a coin."""
    file = workspace / gradients.FOLDER / gradients.LOG
    rows: list[dict[str, Any]] = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    guesses = {"accuracy": 0.494, "auc": 0.494, "ic": -0.004, "r2": -0.01}
    for row in rows:
        for name in row:
            guess = next((v for word, v in guesses.items() if word in name.split("_")), None)
            if name.startswith("val_") and guess is not None:
                row[name] = round(guess + 0.003 * float(rng.standard_normal()), 5)
    gradients.write_rows(file, rows)
    return "the validation measures of runs/tft are those of a coin"


@fault("bad-first-loss")
def plant_bad_first_loss(workspace: Path, rng: np.random.Generator) -> str:
    """The first logged losses are those of unscaled inputs."""
    top = float(10 ** rng.uniform(7, 10))

    def burst(name: str, step: float, value: float) -> float:
        return value + top * math.exp((9 - step) / 2) if name == "train_loss" else value

    _change(workspace, burst)
    return f"the training loss of runs/lstm starts at {top:.1e}"


def _change(workspace: Path, change: Callable[[str, float, float], float]) -> None:
    """Rewrite the losses of runs/lstm by name, step and value."""
    file = workspace / "runs" / "lstm" / "metrics.csv"
    with file.open(encoding="utf-8", newline="") as stream:
        rows = [dict(row) for row in csv.DictReader(stream)]
    for row in rows:
        for name in ("train_loss", "val_loss"):
            if row[name] != "":
                row[name] = f"{change(name, float(row['step']), float(row[name])):.7g}"
    write_metrics(file, rows)
