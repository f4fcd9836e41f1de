"""The wire format of protocol buffers, as far as a scalar summary needs it."""

from __future__ import annotations

import struct
from collections.abc import Iterator

Field = tuple[int, int | bytes]
"""A field's number with its varint, or with its raw bytes for the other wire types."""


class Malformed(ValueError):
    """The bytes are no message."""


def fields(data: bytes) -> Iterator[Field]:
    """The fields of one message, in order; raises Malformed."""
    for number, _, value in placed_fields(data):
        yield number, value


def placed_fields(data: bytes) -> Iterator[tuple[int, int, int | bytes]]:
    """The fields of one message with the place where the value of each begins.

    Raises Malformed.
    """
    at, end = 0, len(data)
    while at < end:
        key, at = _varint(data, at)
        number, kind = key >> 3, key & 7
        if kind == 0:
            begin = at
            value, at = _varint(data, at)
            yield number, begin, value
            continue
        if kind == 2:
            size, at = _varint(data, at)
        elif kind in (1, 5):
            size = 8 if kind == 1 else 4
        else:
            raise Malformed(f"wire type {kind}")
        if number == 0 or at + size > end:
            raise Malformed("a field reaches beyond its message")
        yield number, at, data[at : at + size]
        at += size


def float32(raw: bytes) -> float:
    """A little-endian single; raises Malformed."""
    if len(raw) != 4:
        raise Malformed("a float of another size")
    return float(struct.unpack("<f", raw)[0])


def float64(raw: bytes) -> float:
    """A little-endian double; raises Malformed."""
    if len(raw) != 8:
        raise Malformed("a double of another size")
    return float(struct.unpack("<d", raw)[0])


def signed(value: int) -> int:
    """A varint read as int64."""
    return value - (1 << 64) if value >= 1 << 63 else value


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if at >= len(data) or shift > 63:
            raise Malformed("a varint breaks off")
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & 0xFFFFFFFFFFFFFFFF, at
        shift += 7
