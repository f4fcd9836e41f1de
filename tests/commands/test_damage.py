"""Damage that a check meets in a large file: the file is read whole, and the rest is judged."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from ml_debugger.readers.tables.parquet import VERIFIED_BYTES

ROWS, TICKERS = 450_000, 90


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """A sound feature table, larger than what is decoded before any check."""
    rng = np.random.default_rng(1)
    days = [date(2004, 1, 1) + timedelta(days=n) for n in range(ROWS // TICKERS)]
    path = tmp_path / "features.parquet"
    pl.DataFrame(rng.normal(0, 1, (ROWS, 6)), schema=[f"f{n}" for n in range(6)]).with_columns(
        ticker=pl.Series(np.repeat([f"T{n:02}" for n in range(TICKERS)], len(days))),
        date=pl.Series(days * TICKERS),
    ).write_parquet(path, row_group_size=50_000)
    assert path.stat().st_size > VERIFIED_BYTES
    return path


@pytest.mark.parametrize("share", [0.5, 0.8])
def test_the_sound_rows_of_a_damaged_file_are_judged_and_the_damage_is_named(
    diagnostic, table, share
) -> None:
    content = bytearray(table.read_bytes())
    place = int(len(content) * share)
    content[place : place + 600_000] = bytes(600_000)
    table.write_bytes(content)
    document = diagnostic("inspect", table, "--format", "json").document
    found = {r["name"]: r for r in document["results"]}
    damage = found["unreadable-artifact"]
    assert damage["status"] == "fail"
    assert damage["path"] == str(table)
    assert "amaged after row" in damage["title"]
    assert found["non-finite-feature"]["status"] == "pass"
    assert document["broken"] is None
    assert not [r for r in document["results"] if r["status"] == "error"]


def test_a_sound_file_is_read_once(diagnostic, table) -> None:
    document = diagnostic("inspect", table, "--format", "json").document
    assert {r["status"] for r in document["results"]} <= {"pass", "skip", "warn"}
