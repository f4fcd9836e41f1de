"""The text logs of the clean twin: a neural run that logs with time stamps."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

EPOCHS = 30
LOG = Path("runs") / "gru" / "train.log"
_START = datetime(2025, 6, 3, 5, 58, 12)
_ZERO_RATE = 1e-5


def write(folder: Path, rng: np.random.Generator) -> None:
    """Write runs/gru/train.log."""
    write_lines(folder, log_lines(rng))


def write_lines(folder: Path, lines: list[str]) -> None:
    """Write the lines of the log."""
    file = folder / LOG
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(line + "\n" for line in lines), encoding="utf-8")


def log_lines(rng: np.random.Generator) -> list[str]:
    """A run on standardised returns: one epoch takes five minutes, a save now and then more."""
    when = _START
    lines = [
        _line(when, "INFO", "device: cuda:0, mixed precision: off, workers: 4"),
        _line(when, "WARNING", "no pretrained weights found, starting from scratch"),
    ]
    for epoch in range(1, EPOCHS + 1):
        when += timedelta(seconds=300 + 12 * float(rng.standard_normal()))
        train = 0.95 + 0.05 * math.exp(-epoch / 6) - 0.001 * epoch
        val = 0.98 + 0.03 * math.exp(-epoch / 5)
        rate = _ZERO_RATE + 1e-3 * 0.5 * (1 + math.cos(math.pi * epoch / EPOCHS))
        lines.append(
            _line(
                when,
                "INFO",
                f"Epoch {epoch}/{EPOCHS} train_loss: {train + 0.002 * rng.standard_normal():.5f} "
                f"val_loss: {val + 0.003 * rng.standard_normal():.5f} lr: {rate:.3e}",
            )
        )
        if epoch % 10 == 0:
            when += timedelta(seconds=90)
            lines.append(_line(when, "INFO", f"saved checkpoints/epoch_{epoch}.pt, 0 errors"))
    when += timedelta(seconds=400)
    lines.append(_line(when, "INFO", "Training finished, best model restored"))
    return lines


def _line(when: datetime, level: str, text: str) -> str:
    stamp = when.strftime("%Y-%m-%d %H:%M:%S") + f",{when.microsecond // 1000:03d}"
    return f"{stamp} {level} train: {text}"
