"""The footer of a Parquet file against what polars says of it."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_debugger.readers.tables.footer import read_footer
from ml_debugger.readers.tables.thrift import Malformed


@pytest.mark.parametrize("codec", ["uncompressed", "snappy", "gzip", "brotli", "lz4", "zstd"])
def test_rows_and_codecs(codec: str, tmp_path: Path) -> None:
    file = tmp_path / "a.parquet"
    frame = pl.DataFrame({"a": range(5000), "b": ["x"] * 5000})
    frame.write_parquet(file, compression=codec, row_group_size=1000)  # type: ignore[arg-type]
    footer = read_footer(file)
    assert footer.rows == 5000
    assert list(footer.codecs) == [codec]
    assert 0 < footer.codecs[codec] < file.stat().st_size
    assert (footer.plain > footer.codecs[codec]) is (codec != "uncompressed")


@pytest.mark.parametrize("content", [b"", b"PAR1PAR1", b"PAR1" + b"\xff" * 40, b"\0" * 12])
def test_what_is_no_footer(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "a.parquet"
    file.write_bytes(content)
    with pytest.raises(Malformed):
        read_footer(file)


@given(
    cut=st.integers(0, 400), flips=st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)))
)
def test_damage_is_malformed_or_harmless(
    cut: int, flips: list[tuple[int, int]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    file = tmp_path_factory.mktemp("footer") / "a.parquet"
    pl.DataFrame({"a": [1, 2, 3]}).write_parquet(file)
    raw = bytearray(file.read_bytes())
    for place, value in flips:
        raw[place % len(raw)] = value
    file.write_bytes(bytes(raw[: len(raw) - cut]))
    with suppress(Malformed):
        assert read_footer(file).rows is not None
