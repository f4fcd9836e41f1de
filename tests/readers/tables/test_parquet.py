"""Parquet, Arrow and partitioned folders, sound and damaged."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from ml_debugger.artifacts import FeatureTable, PriceTable
from ml_debugger.readers.reader import Reading, Unreadable
from ml_debugger.readers.tables import is_dataset, read_dataset

Open = Callable[[Path], Reading]


def prices_in(reading: Reading) -> PriceTable:
    return next(a for a in reading.artifacts if isinstance(a, PriceTable))


def test_parquet_and_arrow_yield_the_same(
    bars: pl.DataFrame, tmp_path: Path, open_table: Open
) -> None:
    bars.write_parquet(tmp_path / "S.parquet")
    bars.write_ipc(tmp_path / "S.feather")
    bars.write_ipc_stream(tmp_path / "S.arrow")
    frames = [
        prices_in(open_table(tmp_path / name)).frame.collect()
        for name in ("S.parquet", "S.feather", "S.arrow")
    ]
    assert frames[0].equals(frames[1])
    assert frames[0].equals(frames[2])


def test_the_content_decides_and_not_the_name(
    bars: pl.DataFrame, tmp_path: Path, open_table: Open
) -> None:
    bars.write_parquet(tmp_path / "prices.csv")
    assert prices_in(open_table(tmp_path / "prices.csv")).rows == 200


def test_a_truncated_file_says_so(bars: pl.DataFrame, tmp_path: Path, open_table: Open) -> None:
    file = tmp_path / "cut.parquet"
    bars.write_parquet(file)
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(Unreadable, match="truncated"):
        open_table(file)


def test_rows_before_the_damage_are_kept(tmp_path: Path, open_table: Open) -> None:
    file = tmp_path / "damaged.parquet"
    rows = pl.DataFrame({"ticker": ["A"] * 4000, "close": [float(n) for n in range(4000)]})
    rows = rows.with_columns(
        date=pl.date_range(pl.date(2000, 1, 1), pl.date(2010, 12, 13), eager=True).head(4000),
        volume=pl.col("close") * 7 % 13,
    )
    rows.write_parquet(file, row_group_size=1000, compression="zstd", statistics=False)
    raw = bytearray(file.read_bytes())
    middle = int(len(raw) * 0.55)
    raw[middle : middle + 200] = b"\x00" * 200
    file.write_bytes(raw)
    reading = open_table(file)
    assert reading.problem is not None
    assert reading.problem.startswith("damaged after row ")
    kept = prices_in(reading)
    assert 0 < kept.rows < 4000
    assert kept.frame.collect()["close"].to_list() == [float(n) for n in range(kept.rows)]


@pytest.mark.parametrize("size", [4, 8, 12, 40])
def test_only_the_magic_is_unreadable(size: int, tmp_path: Path, open_table: Open) -> None:
    file = tmp_path / "magic.parquet"
    file.write_bytes((b"PAR1" + b"\x00" * size)[:size] + b"PAR1")
    with pytest.raises(Unreadable):
        open_table(file)


def test_a_partitioned_folder_is_one_table(bars: pl.DataFrame, tmp_path: Path) -> None:
    for ticker in ("000001", "AAPL"):
        part = tmp_path / "daily" / "year=2020" / f"ticker={ticker}"
        part.mkdir(parents=True)
        bars.write_parquet(part / "part-0.parquet")
    assert is_dataset(tmp_path / "daily")
    prices = prices_in(read_dataset(tmp_path / "daily", "daily"))
    assert prices.rows == 400
    assert prices.frame.collect()["ticker"].unique().sort().to_list() == ["000001", "AAPL"]


def test_damaged_and_differing_partitions(bars: pl.DataFrame, tmp_path: Path) -> None:
    features = bars.select(
        "Date", rsi=pl.col("Close"), macd=pl.col("Open"), beta=pl.col("Low"), label_5=pl.col("High")
    )
    for year, frame in ((2020, features), (2021, features.drop("beta"))):
        part = tmp_path / "f" / f"year={year}"
        part.mkdir(parents=True)
        frame.write_parquet(part / "0.parquet")
    (tmp_path / "f" / "year=2021" / "1.parquet").write_bytes(b"PAR1 half")
    reading = read_dataset(tmp_path / "f", "f")
    assert reading.problem is not None
    assert "1 of 3 partitions" in reading.problem
    table = next(a for a in reading.artifacts if isinstance(a, FeatureTable))
    assert table.features == ("rsi", "macd", "beta")
    assert set(table.schemas) == {"year=2020/0.parquet", "year=2021/0.parquet"}
    assert "beta" not in table.schemas["year=2021/0.parquet"]
    assert table.frame.collect()["beta"].null_count() == 200
