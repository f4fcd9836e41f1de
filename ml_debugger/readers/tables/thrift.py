"""Thrift's compact protocol, as far as the footers and page headers of Parquet files need it.

Source: the Thrift compact protocol specification.
"""

from __future__ import annotations

import struct

DEPTH = 16

Value = int | float | bool | bytes | list["Value"] | dict[int, "Value"]


class Malformed(Exception):
    """The bytes are no Thrift structure."""


def structure(raw: bytes) -> tuple[dict[int, Value], int]:
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
