"""The framing of TFRecord files, as TensorFlow documents it.

A record is its length (uint64), the masked CRC-32C of the length, the data, and the masked
CRC-32C of the data, all little-endian. The mask is ((crc >> 15 | crc << 17) + 0xa282ead8).
Source: TensorFlow, "TFRecord and tf.train.Example".
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import IO

MAX_CHECKED = 1 << 16
"""Data beyond this size (graphs, images) holds no scalar and is skipped unread."""

_MASK_DELTA = 0xA282EAD8
_POLYNOMIAL = 0x82F63B78


def _table() -> tuple[int, ...]:
    entries = []
    for byte in range(256):
        value = byte
        for _ in range(8):
            value = (value >> 1) ^ (_POLYNOMIAL if value & 1 else 0)
        entries.append(value)
    return tuple(entries)


_TABLE = _table()


def crc32c(data: bytes) -> int:
    """The Castagnoli CRC of RFC 3720, appendix B.4."""
    table = _TABLE
    value = 0xFFFFFFFF
    for byte in data:
        value = table[(value ^ byte) & 0xFF] ^ (value >> 8)
    return value ^ 0xFFFFFFFF


def masked_crc32c(data: bytes) -> int:
    """The CRC as TFRecord stores it."""
    value = crc32c(data)
    return (((value >> 15) | (value << 17)) + _MASK_DELTA) & 0xFFFFFFFF


class Records:
    """The records of a file; `problem` says afterwards what was damaged.

    A tail that breaks off inside a record is how a live file looks, and is no damage.
    """

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self.number = 0
        self.problem: str | None = None
        self.broken_off = False

    def __iter__(self) -> Iterator[bytes]:
        while True:
            head = self._stream.read(12)
            if not head:
                return
            if len(head) < 12:
                self.broken_off = True
                return
            self.number += 1
            length, crc = struct.unpack("<QI", head)
            if masked_crc32c(head[:8]) != crc:
                self.problem = f"record {self.number}: the checksum of its length is wrong"
                return
            if length > MAX_CHECKED:
                self._stream.seek(length + 4, 1)
                continue
            data = self._stream.read(length)
            tail = self._stream.read(4)
            if len(data) < length or len(tail) < 4:
                self.broken_off = True
                return
            if struct.unpack("<I", tail)[0] != masked_crc32c(data):
                self.problem = f"record {self.number}: the checksum of its data is wrong"
                continue
            yield data
