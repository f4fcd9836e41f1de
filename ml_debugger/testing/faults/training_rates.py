"""Faults of the learning rate and of resumes, planted in the twin's run with gradients."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from ml_debugger.testing.plant import fault
from ml_debugger.testing.twins.gradients import (
    CONFIGURATION,
    EPOCHS,
    FOLDER,
    LOG,
    PEAK_RATE,
    STEPS_PER_EPOCH,
    WARM_UP,
    Row,
    read_rows,
    write_rows,
)

_LAST = EPOCHS * STEPS_PER_EPOCH


@fault("learning-rate-flat")
def plant_learning_rate_flat(workspace: Path, rng: np.random.Generator) -> str:
    """The schedule is never stepped: the rate stays at the optimizer's."""
    file, rows = _log(workspace)
    for row in rows:
        if "lr" in row:
            row["lr"] = PEAK_RATE
    _noise(rows, rng)
    write_rows(file, rows)
    return f"the rate of runs/tft stays at {PEAK_RATE:g} although a cosine is configured"


@fault("learning-rate-overridden")
def plant_learning_rate_overridden(workspace: Path, rng: np.random.Generator) -> str:
    """The schedule's own peak, fifty times lower, replaces the rate of the optimizer."""
    file, rows = _log(workspace)
    factor = float(rng.uniform(40, 60))
    for row in rows:
        if "lr" in row:
            row["lr"] = round(row["lr"] / factor, 11)
    write_rows(file, rows)
    return f"the rate of runs/tft is {factor:.0f} times lower than {CONFIGURATION} says"


@fault("learning-rate-too-high")
def plant_learning_rate_too_high(workspace: Path, rng: np.random.Generator) -> str:
    """Two thirds up the warm-up the loss turns, stays high, and calms as the rate falls."""
    file, rows = _log(workspace)
    warm_up, scale = 10 * WARM_UP, float(rng.uniform(250, 350))
    for row in rows:
        step = row["step"]
        up = step / warm_up
        down = 0.5 * (1 + math.cos(math.pi * (step - warm_up) / (_LAST - warm_up)))
        share = up if up < 1 else down
        if "lr" in row:
            row["lr"] = round(scale * PEAK_RATE * share, 9)
        learnt = 1.4 * math.exp(-step / 1200)
        excess = 2.2 * max(0.0, share - 0.66) / 0.34
        for name in ("train_loss", "val_loss"):
            if name in row:
                row[name] = round(row[name] * (1 + learnt + excess), 6)
    write_rows(file, rows)
    return f"the rate of runs/tft rises to {scale * PEAK_RATE:.2f}, and the loss with it"


@fault("learning-rate-too-low")
def plant_learning_rate_too_low(workspace: Path, rng: np.random.Generator) -> str:
    """A rate below a millionth: the loss falls by less than a hundredth in a straight line."""
    file, rows = _log(workspace)
    low = float(rng.uniform(2e-7, 6e-7))
    for row in rows:
        done = row["step"] / _LAST
        if "lr" in row:
            row["lr"] = row["lr"] * low / PEAK_RATE
            row["update_ratio"] = row["update_ratio"] * low / PEAK_RATE
        for name in ("train_loss", "val_loss"):
            if name in row:
                level = 1.04 - 0.008 * done
                row[name] = round(level * (1 + 0.002 * float(rng.standard_normal())), 6)
    write_rows(file, rows)
    return f"the rate of runs/tft is {low:.1g} at most, and the loss a shallow line"


@fault("resume-discontinuity")
def plant_resume_discontinuity(workspace: Path, rng: np.random.Generator) -> str:
    """A resume goes back some steps and begins with new weights."""
    file, rows = _log(workspace)
    at = int(_LAST * rng.uniform(0.4, 0.6))
    back_to = at - 5 * STEPS_PER_EPOCH // 2
    before = [dict(row) for row in rows if row["step"] <= at]
    after = [dict(row) for row in rows if row["step"] > back_to]
    for row in before:
        _improve(row, row["step"])
    for row in after:
        _improve(row, row["step"] - back_to)
    write_rows(file, [*before, *after])
    return f"runs/tft goes back from step {at} to {back_to} and begins with new weights"


def _improve(row: Row, trained: float) -> None:
    """Make the loss one that learns: from 2.2 towards 1."""
    for name in ("train_loss", "val_loss"):
        if name in row:
            row[name] = round(row[name] * (1 + 1.2 * math.exp(-trained / 1500)), 6)


def _noise(rows: list[Row], rng: np.random.Generator) -> None:
    for row in rows:
        if "train_loss" in row:
            row["train_loss"] = round(row["train_loss"] + 0.004 * float(rng.standard_normal()), 6)


def _log(workspace: Path) -> tuple[Path, list[Row]]:
    file = workspace / FOLDER / LOG
    return file, read_rows(file)
