"""Universal Binary JSON as XGBoost writes it, read from a stream within bounds.

Grammar: the UBJSON draft 12 with optimised containers; XGBoost's writer keys its objects with
`L` lengths and leaves typed arrays (`[$d#L…`); those that nobody asks for are only counted.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Collection
from typing import Any, BinaryIO, ClassVar

import numpy as np

MAX_DEPTH = 40
MAX_VALUES = 5_000_000
MAX_TEXT = 16 << 20
MAX_KEPT = 128 << 20
"""Bytes of typed arrays that are kept; past it they are only counted."""

_CHUNK = 1 << 20

_NUMBERS = {
    b"i": ">b", b"U": ">B", b"I": ">h", b"l": ">i", b"L": ">q", b"d": ">f", b"D": ">d",
}  # fmt: skip
_ARRAYS = {
    b"i": ">i1", b"U": ">u1", b"I": ">i2", b"l": ">i4", b"L": ">i8", b"d": ">f4", b"D": ">f8",
}  # fmt: skip
_WORDS = {b"Z": None, b"T": True, b"F": False}


class BrokenUbjsonError(Exception):
    """The content breaks the grammar or ends too early; the text says where."""


class UbjsonReader:
    """Reads one value. Typed arrays under a key in `keep` are kept, others become their length."""

    def __init__(self, stream: BinaryIO, keep: Collection[str] = ()) -> None:
        self._stream = stream
        self._keep = keep
        self._key = ""
        self._kept = 0
        self._values = 0
        self.position = 0

    def value(self, depth: int = 0) -> Any:
        """The next value. Raises BrokenUbjsonError."""
        return self._of(self._take(1), depth)

    def _of(self, marker: bytes, depth: int) -> Any:
        self._values += 1
        if depth > MAX_DEPTH or self._values > MAX_VALUES:
            raise BrokenUbjsonError(f"is deeper or larger than a model at byte {self.position:,}")
        if marker in _NUMBERS:
            return self._number(marker)
        if marker in _WORDS:
            return _WORDS[marker]
        compound = self._COMPOUND.get(marker)
        if compound is None:
            raise BrokenUbjsonError(f"unknown marker {marker!r} at byte {self.position - 1:,}")
        return compound(self, depth)

    def _take(self, count: int) -> bytes:
        data = self._stream.read(count)
        self.position += len(data)
        if len(data) < count:
            raise BrokenUbjsonError(f"is cut short after {self.position:,} bytes")
        return data

    def _number(self, marker: bytes) -> Any:
        layout = _NUMBERS[marker]
        return struct.unpack(layout, self._take(struct.calcsize(layout)))[0]

    def _length(self) -> int:
        marker = self._take(1)
        if marker not in _NUMBERS or marker in b"dD":
            raise BrokenUbjsonError(f"no length at byte {self.position - 1:,}")
        length = int(self._number(marker))
        if length < 0:
            raise BrokenUbjsonError(f"a negative length before byte {self.position:,}")
        return length

    def _text(self, _depth: int = 0) -> str:
        length = self._length()
        if length > MAX_TEXT:
            raise BrokenUbjsonError(f"a text of {length:,} bytes before byte {self.position:,}")
        return self._take(length).decode("utf-8", "replace")

    def _char(self, _depth: int) -> str:
        return self._take(1).decode("latin-1")

    def _array(self, depth: int) -> Any:
        marker = self._take(1)
        if marker == b"$":
            return self._typed_array()
        if marker == b"#":
            return [self.value(depth + 1) for _ in range(self._length())]
        items = []
        while marker != b"]":
            items.append(self._of(marker, depth + 1))
            marker = self._take(1)
        return items

    def _typed_array(self) -> Any:
        kind = self._take(1)
        if kind not in _NUMBERS or self._take(1) != b"#":
            raise BrokenUbjsonError(f"no typed array at byte {self.position:,}")
        count = self._length()
        left = count * struct.calcsize(_NUMBERS[kind])
        if self._key in self._keep and self._kept + left <= MAX_KEPT:
            self._kept += left
            # what a wrong length asks for is not set aside before it is there
            parts = [self._take(min(_CHUNK, left - at)) for at in range(0, left, _CHUNK)]
            return np.frombuffer(b"".join(parts), dtype=_ARRAYS[kind])
        while left > 0:
            left -= len(self._take(min(left, _CHUNK)))
        return count

    def _object(self, depth: int) -> dict[str, Any]:
        members: dict[str, Any] = {}
        while (marker := self._take(1)) != b"}":
            if marker not in _NUMBERS or marker in b"dD":
                raise BrokenUbjsonError(f"no key at byte {self.position - 1:,}")
            length = int(self._number(marker))
            if not 0 <= length <= MAX_TEXT:
                raise BrokenUbjsonError(f"a key of {length:,} bytes before byte {self.position:,}")
            key = self._take(length).decode("utf-8", "replace")
            self._key = key
            members[key] = self.value(depth + 1)
        return members

    _COMPOUND: ClassVar[dict[bytes, Callable[[UbjsonReader, int], Any]]] = {
        b"S": _text,
        b"C": _char,
        b"[": _array,
        b"{": _object,
    }
