"""Faults of the split behind a validation record."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from ml_debugger.testing.plant import fault
from ml_debugger.testing.times import same_time


@fault("split-overlap")
def split_overlap(workspace: Path, rng: np.random.Generator) -> str:  # noqa: ARG001
    """Each training window is extended over the first weeks of its validation window."""
    file, record = _read(workspace)
    for fold in record["folds"]:
        start = date.fromisoformat(fold["validation"]["start"])
        fold["train"]["end"] = str(start + timedelta(days=21))
    _write(file, record)
    return "each training window extended 21 days into its validation window"


@fault("missing-purge")
def missing_purge(workspace: Path, rng: np.random.Generator) -> str:  # noqa: ARG001
    """Parts of each fold follow each other without a gap."""
    file, record = _read(workspace)
    record["purge"] = record["embargo"] = 0
    for fold in record["folds"]:
        for first, second in (("train", "validation"), ("validation", "test")):
            start = date.fromisoformat(fold[second]["start"])
            fold[first]["end"] = str(start - timedelta(days=1))
    _write(file, record)
    return "the gaps before validation and test windows were closed"


@fault("shuffled-split")
def shuffled_split(workspace: Path, rng: np.random.Generator) -> str:
    """The feature table says which rows train, and they were drawn at random."""
    file = workspace / "data" / "features.parquet"
    rows = pl.read_parquet(file)
    drawn = pl.Series("split", np.where(rng.random(len(rows)) < 0.8, "train", "test"))
    with same_time(file):
        rows.with_columns(drawn).write_parquet(file, compression="zstd")
    return "a column split was added whose training rows are 80 % of all rows, drawn at random"


def _read(workspace: Path) -> tuple[Path, dict[str, Any]]:
    file = workspace / "runs" / "xgb-h5" / "validation.json"
    return file, json.loads(file.read_text(encoding="utf-8"))


def _write(file: Path, record: dict[str, Any]) -> None:
    with same_time(file):
        file.write_text(json.dumps(record, indent=2), encoding="utf-8")
