"""The twin's configuration, and the order in which its files were written."""

from __future__ import annotations

import os
from datetime import UTC, datetime, time
from pathlib import Path

import numpy as np
import polars as pl

FLOW = (
    "data/prices.parquet",
    "data/features.parquet",
    "runs",
    "predictions/predictions.parquet",
    "positions/positions.parquet",
    "positions/sizing.json",
    "backtest/equity.parquet",
    "backtest/backtest.json",
    "snapshots",
    "diagnostic.toml",
)
"""Files and folders in the order of the flow."""

STEP = 300
"""Seconds between two steps of the flow."""


def write(folder: Path, rng: np.random.Generator) -> None:  # noqa: ARG001  nothing is drawn
    """Write `diagnostic.toml` and set the times of all files."""
    prices = pl.scan_parquet(folder / "data" / "prices.parquet")
    last, tickers = (
        prices.select(pl.col("date").max(), pl.col("ticker").n_unique()).collect().row(0)
    )
    (folder / "diagnostic.toml").write_text(
        "[workspace]\n"
        'paths = ["."]\n'
        "\n"
        "[expect]\n"
        f"data_through = {last}\n"
        f"universe = {tickers}\n"
        "years = 2.7\n"
        "horizons = [1, 5, 20, 60]\n"
        "gpus = 1\n"
        "gpu_training = true\n"
        "gpu_memory_gb = 80\n"
        'gpu_name = "H100"\n'
        "gpu_mig = false\n"
        "gpu_persistence = true\n"
        "max_long = 1.8\n"
        "max_short = 0.1\n",
        encoding="utf-8",
    )
    evening = datetime.combine(last, time(22), UTC).timestamp()
    for step, name in enumerate(FLOW):
        _touch(folder / name, evening + STEP * step)


def _touch(path: Path, moment: float) -> None:
    """Set the time of a file, or of all files below a folder in their present order."""
    if not path.is_dir():
        if path.exists():
            os.utime(path, (moment, moment))
        return
    files = sorted(
        (file for file in path.rglob("*") if file.is_file()),
        key=lambda file: (file.stat().st_mtime_ns, str(file)),
    )
    for number, file in enumerate(files):
        seconds = moment + STEP * number / (len(files) + 1)
        os.utime(file, (seconds, seconds))
