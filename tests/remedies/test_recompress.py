"""A Parquet file that is written anew holds the same, and is only taken where it does."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from ml_debugger.contract import Result, Status
from ml_debugger.remedies import recompress
from ml_debugger.remedies.plan import RepairError, Seen
from ml_debugger.remedies.recompress import plan, write


def finding(path: str) -> Result:
    """A finding about a file or folder."""
    return Result("STO009", "poor-compression", "infrastructure", Status.WARN, path, "t", path)


def table(rows: int = 20_000) -> pl.DataFrame:
    """Rounded prices, as stores hold them."""
    rng = np.random.default_rng(3)
    closes = np.round(100 + np.cumsum(rng.normal(0, 0.1, rows)), 2)
    return pl.DataFrame(
        {"ticker": ["ABC"] * rows, "close": closes, "gap": [None, float("nan")] * (rows // 2)}
    )


def test_an_uncompressed_file_is_planned_and_written_equal(tmp_path: Path) -> None:
    file = tmp_path / "prices.parquet"
    table().write_parquet(file, compression="uncompressed", use_pyarrow=False)
    planned = plan(tmp_path, [finding("prices.parquet")])
    assert [step.path for step in planned.steps] == [file]
    new = tmp_path / "new.parquet"
    write(file, new)
    assert pl.read_parquet(new).equals(table())
    saved = 1 - new.stat().st_size / file.stat().st_size
    assert saved > 0.5
    assert planned.freed == pytest.approx(file.stat().st_size - new.stat().st_size, rel=0.2)


def test_a_file_that_is_compressed_well_stays(tmp_path: Path) -> None:
    table().write_parquet(tmp_path / "a.parquet", compression="zstd", compression_level=9)
    planned = plan(tmp_path, [finding(".")])
    assert planned.steps == ()
    assert planned.obstacle is not None
    assert [kept.path.name for kept in planned.kept] == ["a.parquet"]


def test_what_cannot_be_read_stays(tmp_path: Path) -> None:
    (tmp_path / "broken.parquet").write_bytes(b"PAR1" + b"\0" * 100)
    planned = plan(tmp_path, [finding(".")])
    assert planned.steps == ()
    assert "cannot be read" in planned.kept[0].why
    with pytest.raises(RepairError):
        write(tmp_path / "broken.parquet", tmp_path / "new.parquet")


def test_the_metadata_of_the_file_is_kept(tmp_path: Path) -> None:
    file = tmp_path / "a.parquet"
    table().write_parquet(file, compression="uncompressed", metadata={"source": "vendor"})
    write(file, tmp_path / "new.parquet")
    assert pl.read_parquet_metadata(tmp_path / "new.parquet")["source"] == "vendor"


def test_a_file_that_is_gone_by_now_stops_no_plan(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a.parquet", "b.parquet"):
        table().write_parquet(tmp_path / name, compression="uncompressed", use_pyarrow=False)
    of = Seen.of

    def gone(path: Path) -> Seen:
        if path.name == "a.parquet":
            raise FileNotFoundError(2, "No such file or directory")
        return of(path)

    monkeypatch.setattr(recompress.Seen, "of", gone)
    planned = plan(tmp_path, [finding(".")])
    assert [step.path.name for step in planned.steps] == ["b.parquet"]
    assert "No such file" in planned.kept[0].why
