"""The clean twin: a small synthetic workspace in which no check may raise an alarm.

Layout, the same that the engine leaves:

    diagnostic.toml
    data/prices.parquet            ticker, date, open, high, low, close, volume
    data/features.parquet          ticker, date, features, label_1, label_5, label_20, label_60
    strategy/features.py           a feature function of the bars
    research/pipeline.py           a training script
    research/boosted.py            a script that fits a boosted model with sample weights
    runs/xgb-h5/training.jsonl     the training log
    runs/xgb-h5/validation.json    the validation record
    runs/xgb-h5/checkpoints/       the best three checkpoints and checkpoints.json
    runs/lstm/metrics.csv          the log of a neural run
    runs/tcn/checkpoints/          four checkpoints of a neural run, with optimizer states
    runs/tcn/scaler.json           the scaler of its inputs
    runs/gru/train.log             the text log of a neural run
    runs/tft/metrics.jsonl         the log of a run with gradients, rates and validation metrics
    runs/tft/hparams.yaml          its configuration
    runs/ddp/training.jsonl        the live monitor's log of a run on four ranks
    predictions/predictions.parquet
    positions/positions.parquet, positions/sizing.json
    backtest/backtest.json, backtest/equity.parquet
    snapshots/gpu.json, host.json, storage.json, environment.json
    snapshots/pages.json           retired pages of a card up to Volta
    snapshots/workstation.json     a card with a fan
    snapshots/gpu-history.csv      four cards over two hours, as nvidia-smi logs them
"""

from __future__ import annotations

import importlib
from pathlib import Path

import numpy as np

WRITERS = (
    *("market", "training", "checkpoints", "outcome", "machine"),
    *("gradients", "weights", "logs"),
    *("configuration", "strategy", "source", "boosting", "ranks"),
)
"""Modules of `ml_debugger.testing.twins`; each has `write(folder, rng)`. Later ones may read
what earlier ones wrote."""


def write_twin(folder: Path, seed: int = 7) -> Path:
    """Write the clean twin into an empty folder and return the folder."""
    rng = np.random.default_rng(seed)
    for name in WRITERS:
        module = importlib.import_module(f"ml_debugger.testing.twins.{name}")
        module.write(folder, rng)
    return folder
