"""Faults of gradients, planted in the twin's run that logs them."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from ml_debugger.testing.plant import fault
from ml_debugger.testing.twins.gradients import (
    EPOCHS,
    FOLDER,
    LAYERS,
    LOG,
    STEPS_PER_EPOCH,
    Row,
    read_rows,
    write_rows,
)

_LAST = EPOCHS * STEPS_PER_EPOCH
_NORMS = ("grad_norm", *(f"grad_norm/{layer}" for layer in LAYERS))


@fault("vanishing-gradient")
def plant_vanishing_gradient(workspace: Path, rng: np.random.Generator) -> str:
    """The norms decay to nothing and the loss never leaves its first level."""
    file, rows = _log(workspace)
    rate = float(rng.uniform(16, 22))
    for row in rows:
        share = math.exp(-rate * row["step"] / _LAST)
        for name in _NORMS:
            if name in row:
                row[name] = row[name] * share
        for name in ("train_loss", "val_loss"):
            if name in row:
                row[name] = round(1.002 + 0.002 * float(rng.standard_normal()), 6)
    write_rows(file, rows)
    return f"the gradients of runs/tft fall to {math.exp(-rate):.0e} of their size"


@fault("exploding-gradient")
def plant_exploding_gradient(workspace: Path, rng: np.random.Generator) -> str:
    """The norms double and double again until the loss is NaN."""
    file, rows = _log(workspace)
    first = int(_LAST * rng.uniform(0.5, 0.7)) // 40 * 40
    ends = first + 12 * 40
    for row in rows:
        past = (row["step"] - first) / 40
        if past < 0:
            continue
        lost = row["step"] >= ends
        for name in _NORMS:
            if name in row:
                row[name] = math.nan if lost else row[name] * 2**past
        for name in ("train_loss", "val_loss", "pred_std", "share_positive"):
            if name in row:
                growth = 1.12**past if name.endswith("loss") else 1.0
                row[name] = math.nan if lost else row[name] * growth
    write_rows(file, rows)
    return f"the gradients of runs/tft double from step {first} on, NaN from step {ends}"


@fault("non-finite-gradient")
def plant_non_finite_gradient(workspace: Path, rng: np.random.Generator) -> str:
    """From the middle on every third norm is NaN or infinite; the loss stays finite."""
    file, rows = _log(workspace)
    first = int(_LAST * rng.uniform(0.4, 0.6))
    for row in rows:
        if row["step"] >= first and "grad_norm" in row and rng.random() < 0.35:
            for name in _NORMS:
                row[name] = math.nan if rng.random() < 0.5 else math.inf
    write_rows(file, rows)
    return f"a third of the gradient norms of runs/tft are no numbers from step {first} on"


@fault("layer-imbalance")
def plant_layer_imbalance(workspace: Path, rng: np.random.Generator) -> str:
    """The first layers get a ten-thousandth and less of what the last one gets."""
    file, rows = _log(workspace)
    orders = float(rng.uniform(5.5, 6.5))
    last = len(LAYERS) - 1
    for row in rows:
        for number, layer in enumerate(LAYERS):
            name = f"grad_norm/{layer}"
            if name in row:
                row[name] = row[name] * 10 ** (-orders * (last - number) / last)
    write_rows(file, rows)
    return f"the first layer of runs/tft gets 1e-{orders:.0f} of the last one's gradient"


@fault("missing-zero-grad")
def plant_missing_zero_grad(workspace: Path, rng: np.random.Generator) -> str:
    """Gradients are cleared once an epoch: the norm adds up inside it."""
    file, rows = _log(workspace)
    for row in rows:
        if "grad_norm" not in row:
            continue
        within = ((row["step"] - 1) % STEPS_PER_EPOCH + 1) / 40
        factor = within * 0.62 * float(rng.lognormal(0, 0.06)) / row["grad_norm"]
        for name in _NORMS:
            row[name] = round(row[name] * factor, 6)
    write_rows(file, rows)
    return "the gradient norm of runs/tft adds up inside each epoch"


@fault("loss-scale-collapse")
def plant_loss_scale_collapse(workspace: Path, rng: np.random.Generator) -> str:
    """From the middle on the loss scale halves with nearly every record, down below 1."""
    file, rows = _log(workspace)
    first = int(_LAST * rng.uniform(0.4, 0.6))
    scale, skipped = 0.0, 0
    for row in rows:
        if "loss_scale" not in row:
            continue
        if row["step"] < first:
            scale, skipped = row["loss_scale"], row["skipped_steps"]
            continue
        if rng.random() < 0.6:
            scale = max(scale / 2, 2.0**-14)
        skipped += int(rng.integers(8, 20))
        row["loss_scale"], row["skipped_steps"] = scale, skipped
    write_rows(file, rows)
    return f"the loss scale of runs/tft halves from step {first} on, to {scale:g}"


def _log(workspace: Path) -> tuple[Path, list[Row]]:
    file = workspace / FOLDER / LOG
    return file, read_rows(file)
