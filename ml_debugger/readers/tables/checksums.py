"""Page checksums of Parquet files, which polars does not verify.

Only the footer and the page headers are parsed; of the pages only the CRC-32 is taken. Source:
the Apache Parquet format, `parquet.thrift` and "Checksumming".
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from ml_debugger.readers.tables.footer import footer_of, items
from ml_debugger.readers.tables.thrift import Malformed, structure

HEADER_BYTES = 65_536
"""Page headers carry statistics at most; longer ones are none."""

_ROW_GROUPS, _COLUMNS, _META = 4, 1, 3
_CHUNK_SIZE, _DATA_PAGE, _DICTIONARY_PAGE = 7, 9, 11
_PAGE_SIZE, _PAGE_CRC = 3, 4


def bad_page(file: Path) -> str | None:
    """Where the first page stands whose checksum does not hold, None where all hold or are absent.

    The first page tells whether the writer kept checksums at all, so files without them cost
    one small read.
    """
    with file.open("rb") as stream:
        try:
            stream.seek(4)
            first, _ = structure(stream.read(HEADER_BYTES))
            if _PAGE_CRC not in first:
                return None
            for group, column, start, size in _chunks(stream):
                problem = _bad_page_in(stream, start, size)
                if problem is not None:
                    return f"row group {group}, column {column}: {problem}"
        except Malformed:
            # what cannot be parsed here is for the decoder to judge
            return None
    return None


def _chunks(stream: BinaryIO) -> Iterator[tuple[int, int, int, int]]:
    """Row group, column, first byte and length of every column chunk."""
    footer, end = footer_of(stream)
    for group, row_group in enumerate(items(footer.get(_ROW_GROUPS))):
        for column, chunk in enumerate(items(row_group.get(_COLUMNS))):
            meta = chunk.get(_META)
            if not isinstance(meta, dict):
                raise Malformed
            offsets = [meta.get(_DICTIONARY_PAGE), meta.get(_DATA_PAGE)]
            starts = [offset for offset in offsets if isinstance(offset, int) and offset > 0]
            size = meta.get(_CHUNK_SIZE)
            if not starts or not isinstance(size, int) or min(starts) + size > end:
                raise Malformed
            yield group, column, min(starts), size


def _bad_page_in(stream: BinaryIO, start: int, size: int) -> str | None:
    at, page = start, 0
    while at < start + size:
        stream.seek(at)
        header, used = structure(stream.read(HEADER_BYTES))
        length, wanted = header.get(_PAGE_SIZE), header.get(_PAGE_CRC)
        if not isinstance(length, int) or length < 0:
            raise Malformed
        if isinstance(wanted, int):
            stream.seek(at + used)
            if zlib.crc32(stream.read(length)) != wanted & 0xFFFFFFFF:
                return f"the checksum of page {page} does not hold"
        at += used + length
        page += 1
    return None
