"""Bars to write in many notations, and a way to read a file as the toolkit does."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from ml_debugger.readers.head import read_head
from ml_debugger.readers.reader import Reading
from ml_debugger.readers.tables import READERS

Open = Callable[[Path], Reading]


@pytest.fixture(scope="session")
def bars() -> pl.DataFrame:
    """Two hundred weekdays of one stock."""
    rng = np.random.default_rng(3)
    start = date(2020, 1, 1)
    days = [start + timedelta(days=n) for n in range(280)]
    days = [day for day in days if day.weekday() < 5][:200]
    close = 100 * np.exp(np.cumsum(rng.normal(0, 0.01, 200)))
    opening = close * (1 + rng.normal(0, 0.003, 200))
    frame = pl.DataFrame(
        {
            "Date": days,
            "Open": opening,
            "High": np.maximum(opening, close) * 1.01,
            "Low": np.minimum(opening, close) * 0.99,
            "Close": close,
            "Volume": rng.integers(100_000, 1_000_000, 200),
        }
    )
    return frame.with_columns(pl.col(pl.Float64).round(2))


@pytest.fixture
def open_table() -> Open:
    """Read a file with the first reader that recognises it."""

    def read(file: Path) -> Reading:
        head = read_head(file, str(file))
        for reader in READERS:
            if reader.recognise(head) is not None:
                return reader.read(head, reader.name)
        return Reading(())

    return read
