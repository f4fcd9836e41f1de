"""The Castagnoli checksum of TFRecord files: of one piece, and of many pieces at once.

The polynomial is that of RFC 3720, appendix B.4. TFRecord stores the checksum masked, as
((crc >> 15 | crc << 17) + 0xa282ead8).
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

_POLYNOMIAL = 0x82F63B78
_MASK_DELTA = 0xA282EAD8
_ONES = 0xFFFFFFFF
_WORTH_IT = 50
"""Pieces from which on array arithmetic is faster than a loop over bytes; measured."""

Bytes = NDArray[np.uint8]
Words = NDArray[np.uint32]
Places = NDArray[np.int64]


def _table() -> tuple[int, ...]:
    entries = []
    for byte in range(256):
        value = byte
        for _ in range(8):
            value = (value >> 1) ^ (_POLYNOMIAL if value & 1 else 0)
        entries.append(value)
    return tuple(entries)


_TABLE = _table()


@cache
def _table_of_pairs() -> Words:
    """The table for two bytes at a time: half the look-ups."""
    single = np.array(_TABLE, dtype=np.uint32)
    pair = np.arange(1 << 16, dtype=np.uint32)
    first = (pair >> 8) ^ single[pair & 0xFF]
    return np.asarray((first >> 8) ^ single[first & 0xFF], dtype=np.uint32)


def crc32c(data: bytes) -> int:
    """The checksum of one piece."""
    table = _TABLE
    value = _ONES
    for byte in data:
        value = table[(value ^ byte) & 0xFF] ^ (value >> 8)
    return value ^ _ONES


def masked_crc32c(data: bytes) -> int:
    """The checksum of one piece as TFRecord stores it."""
    value = crc32c(data)
    return (((value >> 15) | (value << 17)) + _MASK_DELTA) & _ONES


def masked_crcs(chunk: Bytes, starts: Places, lengths: Places) -> Words:
    """The masked checksums of the pieces of a chunk that begin at `starts`."""
    result = np.empty(len(starts), dtype=np.uint32)
    # pieces of about the same length go together, the shorter ones with zeros in front
    bucket = np.ceil(np.log2(np.maximum(lengths, 16)) * 8).astype(np.int64)
    for width in np.unique(bucket):
        at = np.flatnonzero(bucket == width)
        widest = int(lengths[at].max())
        widest += widest % 2
        apart = (starts[at] + lengths[at] < widest) | (lengths[at] < 4)
        together = at[~apart]
        if len(together) < _WORTH_IT:
            together, apart = at[:0], np.ones(len(at), dtype=bool)
        for one in at[apart]:
            begin = int(starts[one])
            result[one] = masked_crc32c(chunk[begin : begin + int(lengths[one])].tobytes())
        if len(together):
            result[together] = _of_rows(chunk, starts[together], lengths[together], widest)
    return result


def _of_rows(chunk: Bytes, starts: Places, lengths: Places, width: int) -> Words:
    """Checksums of pieces that end at the right edge of rows of the same width.

    A register of zeros stays so over leading zeros; the usual one of ones is the same as one of
    zeros over a piece whose first four bytes are inverted.
    """
    windows = np.lib.stride_tricks.sliding_window_view(chunk, width)
    rows = windows[starts + lengths - width]
    lead = width - lengths
    if lead.any():
        rows[np.arange(width) < lead[:, None]] = 0
    each = np.arange(len(rows))
    for offset in range(4):
        rows[each, lead + offset] ^= 0xFF
    table = _table_of_pairs()
    value = np.zeros(len(rows), dtype=np.uint32)
    for pair in np.ascontiguousarray(rows.view("<u2").T):
        value = table[(value ^ pair) & 0xFFFF] ^ (value >> np.uint32(16))
    value ^= np.uint32(_ONES)
    return ((value >> np.uint32(15)) | (value << np.uint32(17))) + np.uint32(_MASK_DELTA)
