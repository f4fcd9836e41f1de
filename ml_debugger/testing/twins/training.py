"""The training logs of the clean twin: a boosted model's three folds and one neural run."""

from __future__ import annotations

import csv
import json
import math
from pathlib import Path
from typing import Any

import numpy as np

FOLDS = 3
PLANNED_ROUNDS = 200
EPOCHS = 40
STEPS_PER_EPOCH = 50
LSTM_COLUMNS = (
    "epoch", "step", "train_loss", "val_loss", "lr", "pred_std", "share_positive",
)  # fmt: skip
_FEATURES = ("momentum_20", "reversal_5", "volatility_20", "volume_ratio_20", "rsi_14")
_PATIENCE = 20


def write(folder: Path, rng: np.random.Generator) -> None:
    """Write runs/xgb-h5/training.jsonl and runs/lstm/metrics.csv."""
    write_events(folder / "runs" / "xgb-h5" / "training.jsonl", boosting_events(folder, rng))
    write_metrics(folder / "runs" / "lstm" / "metrics.csv", lstm_rows(rng))


def boosting_events(folder: Path, rng: np.random.Generator) -> list[dict[str, Any]]:
    """A boosted model of five-day returns, in the form that the engine logs.

    Losses are root mean squared errors of returns with a standard deviation near 3 %: what can
    be learnt of them is about a hundredth, so the curves are shallow, as they are in the world.
    """
    events: list[dict[str, Any]] = [
        {
            "event": "run_started",
            "schema": "ml-debugger/training-log/1",
            "run": "xgb-h5",
            "model": "xgboost",
            "horizon": 5,
            "folds": FOLDS,
            "planned_rounds": PLANNED_ROUNDS,
            "features": _feature_names(folder),
            "started": "2025-06-02T06:00:00Z",
        }
    ]
    for fold in range(FOLDS):
        spread = 0.031 + 0.002 * rng.standard_normal()
        best = int(rng.integers(70, 120))
        for step in range(best + _PATIENCE + 1):
            learnt = 1 - math.exp(-step / 40)
            past = max(0, step - best)
            train = spread * (1 - 0.045 * learnt - 0.00008 * step)
            val = spread * (1.01 - 0.012 * learnt + 0.00005 * past)
            noise = 1 + 0.0002 * rng.standard_normal()
            events.append(
                {
                    "event": "round",
                    "fold": fold,
                    "step": step,
                    "train_loss": round(train, 7),
                    "val_loss": round(val * noise, 7),
                }
            )
        events.append(
            {
                "event": "fold_finished",
                "fold": fold,
                "best_step": best,
                "prediction_std": round(0.0041 * (1 + 0.05 * rng.standard_normal()), 6),
                "share_positive": round(0.53 + 0.01 * rng.standard_normal(), 4),
            }
        )
    events.append({"event": "run_finished", "finished": "2025-06-02T06:04:10Z", "seconds": 250.4})
    return events


def lstm_rows(rng: np.random.Generator) -> list[dict[str, Any]]:
    """A Lightning run on standardised returns: losses near 1, the variance of the label."""
    rows: list[dict[str, Any]] = []
    total = EPOCHS * STEPS_PER_EPOCH
    for epoch in range(EPOCHS):
        for within in range(9, STEPS_PER_EPOCH, 10):
            step = epoch * STEPS_PER_EPOCH + within
            level = 0.955 + 0.09 * math.exp(-step / 300) - 0.015 * step / total
            rows.append(
                {
                    "epoch": epoch,
                    "step": step,
                    "train_loss": round(level * (1 + 0.02 * rng.standard_normal()), 6),
                    "lr": _learning_rate(step, total),
                }
            )
        level = 0.985 + 0.04 * math.exp(-epoch / 5)
        spread = 0.0042 * (1 - 0.8 * math.exp(-(epoch + 1) / 2))
        rows.append(
            {
                "epoch": epoch,
                "step": (epoch + 1) * STEPS_PER_EPOCH - 1,
                "val_loss": round(level * (1 + 0.004 * rng.standard_normal()), 6),
                "pred_std": round(spread * (1 + 0.06 * rng.standard_normal()), 7),
                "share_positive": round(0.52 + 0.02 * rng.standard_normal(), 4),
            }
        )
    return rows


def write_events(file: Path, events: list[dict[str, Any]]) -> None:
    """Write events as JSON Lines."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(json.dumps(event) + "\n" for event in events), encoding="utf-8")


def write_metrics(file: Path, rows: list[dict[str, Any]]) -> None:
    """Write rows as Lightning does: what was not logged at a step is left blank."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, LSTM_COLUMNS, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def _learning_rate(step: int, total: int) -> float:
    """Linear warm-up over the first twentieth, then a cosine to a tenth of the peak."""
    peak, warm_up = 1e-3, total / 20
    if step < warm_up:
        return round(peak * (step + 1) / warm_up, 8)
    done = (step - warm_up) / (total - warm_up)
    return round(peak * (0.1 + 0.45 * (1 + math.cos(math.pi * done))), 8)


def _feature_names(folder: Path) -> list[str]:
    """The features of the workspace, if its table is there already."""
    table = folder / "data" / "features.parquet"
    if not table.is_file():
        return list(_FEATURES)
    import polars as pl

    names = pl.read_parquet_schema(table)
    return [name for name in names if name not in ("ticker", "date") and "label" not in name]
