"""What tests of checks of tables share: tables in memory, and the framework's comparison."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np
import polars as pl

from ml_debugger.artifacts import Artifact, FeatureTable, PriceTable
from ml_debugger.contract import Check, Measurement, NotMeasured, Outcome, Settings, Status
from ml_debugger.readers.head import read_head
from ml_debugger.readers.tables import READERS
from ml_debugger.runtime.scan import look
from ml_debugger.testing.plant import faults
from ml_debugger.testing.twins import market

Kind = TypeVar("Kind", bound=Artifact)


def measured(check: Check, subject: PriceTable | FeatureTable, *others: Artifact) -> Outcome:
    """The outcome of a check with its default settings."""
    settings = Settings({setting.name: setting.default for setting in check.settings})
    shared = look(subject, [check])[check.code]
    if isinstance(shared, Exception):
        raise shared
    return check.run([subject, *others], settings, shared)


def status(check: Check, subject: PriceTable | FeatureTable, *others: Artifact) -> Status:
    """The status that the framework would give."""
    outcome = measured(check, subject, *others)
    if isinstance(outcome, NotMeasured):
        return Status.SKIP
    assert isinstance(outcome, Measurement)
    judged = [x.judge(outcome.values[x.name]) for x in check.limits if x.name in outcome.values]
    return max(judged, key=lambda one: one.gravity)


def prices_of(frame: pl.DataFrame) -> PriceTable:
    """A price table over a frame with canonical columns; `date` is taken for `time`."""
    frame = frame.rename({"date": "time"}, strict=False)
    numbers = [c for c in frame.columns if c not in ("ticker", "time")]
    frame = frame.with_columns(pl.col(numbers).cast(pl.Float64))
    return PriceTable(
        "prices", None, frame=frame.lazy(), names={c: c for c in frame.columns}, rows=frame.height
    )


def features_of(frame: pl.DataFrame, labels: Sequence[str] = ()) -> FeatureTable:
    """A feature table over a frame; columns other than ticker, date and labels are features."""
    keys = ("ticker", "date")
    return FeatureTable(
        "features",
        None,
        frame=frame.lazy(),
        features=tuple(c for c in frame.columns if c not in (*keys, *labels)),
        labels=tuple(labels),
        ticker="ticker" if "ticker" in frame.columns else None,
        time="date" if "date" in frame.columns else None,
        rows=frame.height,
        label_horizons={c: int(c.rsplit("_", 1)[1]) for c in labels if c[-1].isdigit()},
    )


def twin_market(folder: Path, seed: int = 7) -> Path:
    """The twin's market alone."""
    market.write(folder, np.random.default_rng(seed))
    return folder


def planted(folder: Path, fault: str, seed: int = 7) -> None:
    """Plant a fault by its catalogue name."""
    faults()[fault].plant(folder, np.random.default_rng(seed))


def read(file: Path, kind: type[Kind]) -> Kind:
    """The artifact of a kind that a file holds, by the readers."""
    head = read_head(file, file.name)
    for reader in READERS:
        name = reader.recognise(head)
        if name is not None:
            return next(a for a in reader.read(head, name).artifacts if isinstance(a, kind))
    raise AssertionError(f"{file} is not recognised")
