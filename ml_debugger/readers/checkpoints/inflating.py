"""The plain bytes of a file that joblib or gzip compressed, handed over in order."""

from __future__ import annotations

import bz2
import gzip
import lzma
import zlib
from pathlib import Path
from typing import BinaryIO, cast

from ml_debugger.readers.checkpoints.opcodes import ByteSource

MAX_PLAIN = 4 << 30
"""Bytes handed over at most; a bomb of nothing but zeros ends here."""

_CHUNK = 1 << 20
_ZLIB_STARTS = (b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda")
_STARTS = {
    b"\x1f\x8b": "gzip",
    b"BZh": "bz2",
    b"\xfd7zXZ": "xz",
    b"\x5d\x00\x00": "lzma",
    b"\x04\x22\x4d\x18": "lz4",
}

DAMAGE = (EOFError, OSError, zlib.error, lzma.LZMAError)
"""What decompressing a damaged or cut file raises."""


class TooLargeError(Exception):
    """More plain bytes than are looked at."""


def compression(raw: bytes) -> str | None:
    """The compression of a file by its first bytes, None for a plain one."""
    if raw.startswith(_ZLIB_STARTS):
        return "zlib"
    return next((name for start, name in _STARTS.items() if raw.startswith(start)), None)


def open_plain(file: Path, kind: str | None) -> BinaryIO:
    """Open a file for reading its plain bytes; `kind` is what `compression` said."""
    match kind:
        case "gzip":
            return cast(BinaryIO, gzip.open(file))
        case "bz2":
            return cast(BinaryIO, bz2.open(file))
        case "xz" | "lzma":
            return cast(BinaryIO, lzma.open(file))
        case _:
            return file.open("rb")


class Bounded:
    """A source that stops after `MAX_PLAIN` bytes; inflates zlib itself where asked to."""

    def __init__(self, stream: ByteSource, kind: str | None) -> None:
        self._stream = stream
        self._inflate = zlib.decompressobj() if kind == "zlib" else None
        self._pending = b""
        self._given = 0

    def read(self, size: int, /) -> bytes:
        """Up to `size` plain bytes. Raises TooLargeError past the bound."""
        data = self._stream.read(size) if self._inflate is None else self._inflated(size)
        self._given += len(data)
        if self._given > MAX_PLAIN:
            raise TooLargeError
        return data

    def _inflated(self, size: int) -> bytes:
        assert self._inflate is not None
        while len(self._pending) < size and not self._inflate.eof:
            raw = self._inflate.unconsumed_tail or self._stream.read(_CHUNK)
            if not raw:
                break
            self._pending += self._inflate.decompress(raw, _CHUNK)
        data, self._pending = self._pending[:size], self._pending[size:]
        return data
