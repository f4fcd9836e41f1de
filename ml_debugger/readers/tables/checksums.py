"""Page checksums of Parquet files, which polars does not verify.

Only the footer and the page headers are parsed, in Thrift's compact protocol; of the pages only
the CRC-32 is taken. Sources: the Apache Parquet format, `parquet.thrift` and "Checksumming";
the Thrift compact protocol specification.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

FOOTER_BYTES = 16 * 2**20
HEADER_BYTES = 65_536
"""Page headers carry statistics at most; longer ones are none."""
DEPTH = 16

_ROW_GROUPS, _COLUMNS, _META = 4, 1, 3
_CHUNK_SIZE, _DATA_PAGE, _DICTIONARY_PAGE = 7, 9, 11
_PAGE_SIZE, _PAGE_CRC = 3, 4

Value = int | float | bool | bytes | list["Value"] | dict[int, "Value"]


class Malformed(Exception):
    """The bytes are no Thrift structure."""


def bad_page(file: Path) -> str | None:
    """Where the first page stands whose checksum does not hold, None where all hold or are absent.

    The first page tells whether the writer kept checksums at all, so files without them cost
    one small read.
    """
    with file.open("rb") as stream:
        try:
            stream.seek(4)
            first, _ = _structure(stream.read(HEADER_BYTES))
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
    end = stream.seek(-8, 2)
    (length,) = struct.unpack("<I", stream.read(4))
    if length > min(FOOTER_BYTES, end):
        raise Malformed
    stream.seek(end - length)
    footer, _ = _structure(stream.read(length))
    for group, row_group in enumerate(_items(footer.get(_ROW_GROUPS))):
        for column, chunk in enumerate(_items(row_group.get(_COLUMNS))):
            meta = chunk.get(_META)
            if not isinstance(meta, dict):
                raise Malformed
            offsets = [meta.get(_DICTIONARY_PAGE), meta.get(_DATA_PAGE)]
            starts = [offset for offset in offsets if isinstance(offset, int) and offset > 0]
            size = meta.get(_CHUNK_SIZE)
            if not starts or not isinstance(size, int) or min(starts) + size > end:
                raise Malformed
            yield group, column, min(starts), size


def _items(value: Value | None) -> Iterator[dict[int, Value]]:
    if not isinstance(value, list):
        raise Malformed
    for item in value:
        if not isinstance(item, dict):
            raise Malformed
        yield item


def _bad_page_in(stream: BinaryIO, start: int, size: int) -> str | None:
    at, page = start, 0
    while at < start + size:
        stream.seek(at)
        header, used = _structure(stream.read(HEADER_BYTES))
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


def _structure(raw: bytes) -> tuple[dict[int, Value], int]:
    """A structure by field number, and the bytes it takes."""
    reader = _Compact(raw)
    return reader.structure(0), reader.at


class _Compact:
    """A reader of Thrift's compact protocol."""

    def __init__(self, raw: bytes) -> None:
        self.raw = raw
        self.at = 0

    def structure(self, depth: int) -> dict[int, Value]:
        if depth > DEPTH:
            raise Malformed
        fields: dict[int, Value] = {}
        number = 0
        while (head := self._byte()) != 0:
            step, kind = head >> 4, head & 0x0F
            number = number + step if step else self._signed()
            fields[number] = kind == 1 if kind in (1, 2) else self._value(kind, depth)
        return fields

    def _value(self, kind: int, depth: int) -> Value:
        match kind:
            case 1 | 2:
                return self._byte() == 1
            case 3:
                return self._byte()
            case 4 | 5 | 6:
                return self._signed()
            case 7:
                (number,) = struct.unpack("<d", self._take(8))
                return float(number)
            case 8:
                return self._take(self._unsigned())
            case 9 | 10:
                return self._list(depth)
            case 12:
                return self.structure(depth + 1)
            case _:
                raise Malformed

    def _list(self, depth: int) -> list[Value]:
        if depth > DEPTH:
            raise Malformed
        head = self._byte()
        count, kind = head >> 4, head & 0x0F
        if count == 15:
            count = self._unsigned()
        if count > len(self.raw):
            raise Malformed
        return [self._value(kind, depth + 1) for _ in range(count)]

    def _unsigned(self) -> int:
        value = shift = 0
        while shift < 70:
            byte = self._byte()
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7
        raise Malformed

    def _signed(self) -> int:
        value = self._unsigned()
        return (value >> 1) ^ -(value & 1)

    def _byte(self) -> int:
        if self.at >= len(self.raw):
            raise Malformed
        self.at += 1
        return self.raw[self.at - 1]

    def _take(self, count: int) -> bytes:
        if self.at + count > len(self.raw):
            raise Malformed
        self.at += count
        return self.raw[self.at - count : self.at]
