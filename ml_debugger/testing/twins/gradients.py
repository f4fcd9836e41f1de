"""The twin's run of a transformer, which logs its gradients: runs/tft.

It is a mixed-precision training with a linear warm-up and a cosine: heavy-tailed gradient norms,
high at first; clipping at 1; a loss scale that doubles every 2,000 steps and halves when it has
grown too far; validation after every epoch. Its configuration lies beside it.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np

FOLDER = "runs/tft"
LOG = "metrics.jsonl"
CONFIGURATION = "hparams.yaml"
EPOCHS = 30
STEPS_PER_EPOCH = 400
LOG_EVERY = 40
WARM_UP = 600
PEAK_RATE = 1e-3
LOWEST_RATE = 1e-5
CLIP_AT = 1.0
LAYERS = {
    "encoder.lstm.weight_ih_l0": 0.55,
    "encoder.lstm.weight_hh_l0": 0.45,
    "attention.out_proj.weight": 0.30,
    "head.weight": 0.60,
}
"""Weight matrices from the input to the output, and their share of the whole norm."""

Row = dict[str, Any]
"""One row of the log by the names in it."""

_GROWTH_INTERVAL = 2000
_STARTED = 1_748_847_600.0  # 2025-06-02T07:00:00Z


def write(folder: Path, rng: np.random.Generator) -> None:
    """Write the log and the configuration of the run."""
    # a child, so that what other writers draw does not depend on this one
    own = rng.spawn(1)[0]
    write_rows(folder / FOLDER / LOG, gradient_rows(own))
    write_configuration(folder / FOLDER / CONFIGURATION, configuration())


def configuration() -> dict[str, Any]:
    """What the run was asked to do."""
    return {
        "model": "temporal_fusion_transformer",
        "horizon": 5,
        "batch_size": 512,
        "max_epochs": EPOCHS,
        "max_steps": EPOCHS * STEPS_PER_EPOCH,
        "optimizer": "AdamW",
        "learning_rate": PEAK_RATE,
        "weight_decay": 0.01,
        "lr_scheduler": "cosine",
        "warmup_steps": WARM_UP,
        "min_lr": LOWEST_RATE,
        "gradient_clip_val": CLIP_AT,
        "precision": "16-mixed",
        "deterministic": True,
        "benchmark": False,
        "seed": 7,
        "log_every_n_steps": LOG_EVERY,
    }


def gradient_rows(rng: np.random.Generator) -> list[Row]:
    """The rows of the log: one for every 40th step, one after every epoch."""
    rows: list[Row] = []
    total = EPOCHS * STEPS_PER_EPOCH
    scale, since_growth, skipped = 65536.0, 0, 2
    scale /= 4  # both skipped: the first two steps overflowed
    clock = _STARTED
    for step in range(LOG_EVERY, total + 1, LOG_EVERY):
        since_growth += LOG_EVERY
        if since_growth >= _GROWTH_INTERVAL:
            scale, since_growth = scale * 2, 0
        if scale > 2**17 and rng.random() < 0.15:
            scale, since_growth, skipped = scale / 2, 0, skipped + 1
        seconds = 0.084 * float(rng.lognormal(0, 0.03)) * (1.6 if rng.random() < 0.01 else 1)
        clock += seconds * LOG_EVERY
        norm = gradient_norm(step, rng)
        rate = learning_rate(step)
        rows.append(
            {
                "step": step,
                "epoch": (step - 1) // STEPS_PER_EPOCH,
                "train_loss": round(_loss(step, total) * (1 + 0.015 * rng.standard_normal()), 6),
                "lr": rate,
                "grad_norm": round(norm, 5),
                **{f"grad_norm/{layer}": round(part, 6)
                   for layer, part in layer_norms(norm, rng).items()},
                "clipped_share": clipped_share(step, rng),
                "loss_scale": scale,
                "skipped_steps": skipped,
                "update_ratio": round(2e-3 * rate / PEAK_RATE * rng.lognormal(0, 0.1), 8),
                "weight_norm": round(38.0 + 3.2 * (1 - math.exp(-step / 3000)), 4),
                "step_time": round(seconds, 5),
                "timestamp": round(clock, 3),
            }
        )  # fmt: skip
        if step % STEPS_PER_EPOCH == 0:
            clock += 9.0
            rows.append(_validation(step, rng))
    return rows


def learning_rate(step: int) -> float:
    """Linear warm-up to the peak, then a cosine to the lowest rate."""
    if step < WARM_UP:
        return round(PEAK_RATE * step / WARM_UP, 9)
    done = (step - WARM_UP) / (EPOCHS * STEPS_PER_EPOCH - WARM_UP)
    return round(LOWEST_RATE + (PEAK_RATE - LOWEST_RATE) * 0.5 * (1 + math.cos(math.pi * done)), 9)


def gradient_norm(step: int, rng: np.random.Generator) -> float:
    """Norm of all gradients before clipping: log-normal, now and then a heavy batch."""
    level = usual_norm(step)
    heavy = float(rng.uniform(3, 6)) if rng.random() < 0.012 else 1.0
    return level * float(rng.lognormal(0, 0.3)) * heavy


def usual_norm(step: int) -> float:
    """The level about which the norm scatters."""
    return 0.62 + 5.5 * math.exp(-step / 250)


def layer_norms(norm: float, rng: np.random.Generator) -> dict[str, float]:
    """Parts of the norm by layer, whose squares add up to about its square."""
    return {layer: norm * share * float(rng.lognormal(0, 0.15)) for layer, share in LAYERS.items()}


def clipped_share(step: int, rng: np.random.Generator) -> float:
    """Share of the steps since the last row whose norm was above the clip."""
    distance = math.log(CLIP_AT / usual_norm(step)) / 0.3
    expected = 0.5 * math.erfc(distance / math.sqrt(2))
    return round(float(rng.binomial(LOG_EVERY, expected)) / LOG_EVERY, 4)


def write_rows(file: Path, rows: list[Row]) -> None:
    """Write rows as JSON Lines."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def read_rows(file: Path) -> list[Row]:
    """The rows of the log."""
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def write_configuration(file: Path, values: dict[str, Any]) -> None:
    """Write plain values as the hparams.yaml of Lightning."""
    file.parent.mkdir(parents=True, exist_ok=True)
    lines = [f"{name}: {_yaml(value)}\n" for name, value in values.items()]
    file.write_text("".join(lines), encoding="utf-8")


def _validation(step: int, rng: np.random.Generator) -> Row:
    epoch = step // STEPS_PER_EPOCH
    learnt = 1 - math.exp(-epoch / 6)
    spread = 0.0046 * (1 - 0.8 * math.exp(-epoch / 2))
    return {
        "step": step,
        "epoch": epoch - 1,
        "val_loss": round((1.015 - 0.032 * learnt) * (1 + 0.003 * rng.standard_normal()), 6),
        "val_directional_accuracy": round(
            0.502 + 0.024 * learnt + 0.005 * rng.standard_normal(), 4
        ),
        "pred_std": round(spread * (1 + 0.05 * rng.standard_normal()), 7),
        "share_positive": round(0.525 + 0.018 * rng.standard_normal(), 4),
    }


def _loss(step: int, total: int) -> float:
    return 0.958 + 0.085 * math.exp(-step / 1500) - 0.012 * step / total


def _yaml(value: Any) -> str:
    # a YAML 1.1 number needs its point: 1e-05 would be read as text
    return f"{value:.1e}" if isinstance(value, float) and "e" in repr(value) else str(value)
