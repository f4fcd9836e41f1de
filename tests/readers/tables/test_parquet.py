"""Parquet, Arrow and partitioned folders, sound and damaged."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml_debugger.artifacts import FeatureTable, PriceTable
from ml_debugger.readers.reader import Reading, Unreadable
from ml_debugger.readers.tables import is_dataset, read_dataset
from ml_debugger.readers.tables.checksums import bad_page

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


def varint(value: int) -> bytes:
    """A number as Thrift's compact protocol writes it, zigzag."""
    value = (value << 1) ^ (value >> 63)
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def paged(page: bytes, checksum: int | None) -> bytes:
    """The skeleton of a Parquet file: one page with its header, and a footer that finds it."""
    header = b"\x15" + varint(0) + b"\x15" + varint(len(page)) + b"\x15" + varint(len(page))
    if checksum is not None:
        header += b"\x15" + varint(checksum - (1 << 32) if checksum >> 31 else checksum)
    body = header + b"\x00" + page
    meta = b"\x76" + varint(len(body)) + b"\x26" + varint(4) + b"\x00"
    row_group = b"\x19\x1c" + b"\x3c" + meta + b"\x00" + b"\x00"
    footer = b"\x49\x1c" + row_group + b"\x00"
    return b"PAR1" + body + footer + len(footer).to_bytes(4, "little") + b"PAR1"


@pytest.mark.parametrize("page", [b"twelve bytes", b"\x00" * 300, b"x"])
def test_page_checksums(page: bytes, tmp_path: Path) -> None:
    file = tmp_path / "paged.parquet"
    good = zlib.crc32(page)
    for checksum, wanted in (
        (None, None),
        (good, None),
        (good ^ 1, "row group 0, column 0: the checksum of page 0 does not hold"),
    ):
        file.write_bytes(paged(page, checksum))
        assert bad_page(file) == wanted


@settings(max_examples=200, deadline=None)
@given(noise=st.binary(max_size=400), at=st.integers(0, 60))
def test_any_bytes_have_checksums_or_not(
    noise: bytes, at: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    sound = paged(b"twelve bytes", zlib.crc32(b"twelve bytes"))
    file = tmp_path_factory.mktemp("noise") / "noise.parquet"
    file.write_bytes(sound[:at] + noise + sound[at:])
    assert bad_page(file) is None or "checksum" in str(bad_page(file))


def test_an_exchange_parts_the_series_of_a_ticker(
    bars: pl.DataFrame, tmp_path: Path, open_table: Open
) -> None:
    parts = [bars.with_columns(symbol=pl.lit("A"), exchange=pl.lit(x)) for x in ("X", "Y")]
    pl.concat(parts).write_parquet(tmp_path / "two.parquet")
    tickers = prices_in(open_table(tmp_path / "two.parquet")).frame.collect()["ticker"]
    assert tickers.unique().sort().to_list() == ["A X", "A Y"]


def test_a_download_appended_twice_is_one_series(
    bars: pl.DataFrame, tmp_path: Path, open_table: Open
) -> None:
    twice = pl.concat([bars, bars]).with_columns(symbol=pl.lit("A"), exchange=pl.lit("X"))
    twice.write_parquet(tmp_path / "twice.parquet")
    tickers = prices_in(open_table(tmp_path / "twice.parquet")).frame.collect()["ticker"]
    assert tickers.unique().to_list() == ["A"]
