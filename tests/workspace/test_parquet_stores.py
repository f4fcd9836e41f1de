"""Stores of Parquet files are found by folder, and their saving is estimated on a sample."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from ml_debugger.artifacts import ParquetStore
from ml_debugger.contract import Result, Status
from ml_debugger.remedies.recompress import plan
from ml_debugger.workspace.discovery import discover
from ml_debugger.workspace.parquet_stores import parquet_stores


def table(rows: int = 20_000) -> pl.DataFrame:
    rng = np.random.default_rng(3)
    return pl.DataFrame({"close": np.round(100 + np.cumsum(rng.normal(0, 0.1, rows)), 2)})


def save(file: Path, codec: str = "zstd", rows: int = 20_000) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    table(rows).write_parquet(file, compression=codec)  # type: ignore[arg-type]


def stores(root: Path) -> dict[str, ParquetStore]:
    found = parquet_stores(discover([root], relative_to=root).found, [root])
    return {store.subject: store for store in found}


def test_a_store_is_the_folder_below_the_root_or_a_file_alone(tmp_path: Path) -> None:
    for name in ("data/cache/a.parquet", "data/cache/b.parquet", "data/c.parquet", "d.parquet",
                 "out/x/y.parquet"):  # fmt: skip
        save(tmp_path / name, rows=10)
    save(tmp_path / "market/year=2020/part-0.parquet", rows=10)
    found = stores(tmp_path)
    assert {name: store.files for name, store in found.items()} == {
        "data": 3,
        "d.parquet": 1,
        "out/x/y.parquet": 1,
        "market": 1,
    }
    assert found["data"].small == 3
    assert found["data"].size == sum(f.stat().st_size for f in (tmp_path / "data").rglob("*.p*"))


def test_the_estimate_follows_the_rule_of_the_repair(tmp_path: Path) -> None:
    save(tmp_path / "data/plain.parquet", "uncompressed")
    save(tmp_path / "data/dense.parquet", "zstd")
    store = stores(tmp_path)["data"]
    saving = store.saving()
    results = [
        Result("STO009", "poor-compression", "infrastructure", Status.WARN, "data", "t", "data")
    ]
    planned = plan(tmp_path, results)
    assert [step.path.name for step in planned.steps] == ["plain.parquet"]
    assert saving.sampled == 2
    assert saving.worst is not None
    assert saving.worst[0] == "data/plain.parquet"
    assert saving.worst[1] == pytest.approx(planned.freed / planned.steps[0].seen.size, abs=1e-6)
    assert set(saving.codecs) == {"uncompressed", "zstd"}
    assert saving.rows == 20_000


def test_many_files_are_sampled_in_proportion_to_their_size(tmp_path: Path) -> None:
    for number in range(30):
        save(tmp_path / f"data/{number}.parquet", rows=10)
    save(tmp_path / "data/large.parquet", "uncompressed", rows=200_000)
    begun = time.monotonic()
    saving = stores(tmp_path)["data"].saving()
    assert time.monotonic() - begun < 60
    assert saving.sampled <= 6
    assert saving.share > 0.5


def test_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data/broken.parquet").write_bytes(b"PAR1" + b"\0" * 500)
    (tmp_path / "data/short.parquet").write_bytes(b"PAR1")
    saving = stores(tmp_path)["data"].saving()
    assert saving.sampled == 0
    assert saving.problem is not None
    assert "is no whole Parquet file" in saving.problem


def test_a_folder_without_parquet_is_no_store(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("a,b\n1,2\n")
    assert stores(tmp_path) == {}
