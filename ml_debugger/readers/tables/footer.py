"""The footer of a Parquet file: rows, bytes before and after compression, codecs.

Source: the Apache Parquet format, `parquet.thrift` (FileMetaData, RowGroup, ColumnMetaData).
"""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from ml_debugger.readers.tables.thrift import Malformed, Value, structure

FOOTER_BYTES = 16 * 2**20
CODECS = ("uncompressed", "snappy", "gzip", "lzo", "brotli", "lz4", "zstd", "lz4")

_ROWS, _ROW_GROUPS, _COLUMNS, _META = 3, 4, 1, 3
_CODEC, _PLAIN_SIZE, _SIZE = 4, 6, 7


@dataclass(frozen=True, slots=True)
class Footer:
    """`plain` are the bytes of all pages before compression, `codecs` those after it by codec."""

    rows: int
    plain: int
    codecs: Mapping[str, int]


def read_footer(file: Path) -> Footer:
    """The footer of a file. Raises Malformed for what is none, and OSError."""
    with file.open("rb") as stream:
        if stream.seek(0, 2) < 12:
            raise Malformed
        footer, _ = footer_of(stream)
    codecs: Counter[str] = Counter()
    plain = 0
    for group in items(footer.get(_ROW_GROUPS)):
        for chunk in items(group.get(_COLUMNS)):
            meta = chunk.get(_META)
            if not isinstance(meta, dict):
                raise Malformed
            codec, size, before = meta.get(_CODEC), meta.get(_SIZE), meta.get(_PLAIN_SIZE)
            if not isinstance(codec, int) or not isinstance(size, int):
                raise Malformed
            codecs[CODECS[codec] if 0 <= codec < len(CODECS) else "unknown"] += size
            plain += before if isinstance(before, int) else size
    rows = footer.get(_ROWS)
    return Footer(rows if isinstance(rows, int) else 0, plain, dict(codecs))


def footer_of(stream: BinaryIO) -> tuple[dict[int, Value], int]:
    """The footer by field number, and where the last eight bytes of the file begin."""
    end = stream.seek(-8, 2)
    (length,) = struct.unpack("<I", stream.read(4))
    if length > min(FOOTER_BYTES, end):
        raise Malformed
    stream.seek(end - length)
    return structure(stream.read(length))[0], end


def items(value: Value | None) -> Iterator[dict[int, Value]]:
    """The structures of a list. Raises Malformed where it holds anything else."""
    if not isinstance(value, list):
        raise Malformed
    for item in value:
        if not isinstance(item, dict):
            raise Malformed
        yield item
