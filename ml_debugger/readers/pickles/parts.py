"""Parts of a file that are opened again and again: the file itself, a stretch of it, a member."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol, cast

from ml_debugger.readers.pickles.record import Record

_CHUNK = 1 << 16

UNPACKING = (EOFError, OSError, zlib.error, lzma.LZMAError, ValueError)
"""What unpacking damaged or hostile bytes raises."""


class Readable(Protocol):
    """Bytes read in order; `skip` walks over some and tells how many there were."""

    def read(self, size: int, /) -> bytes:
        """Up to `size` bytes; fewer only at the end."""
        ...

    def skip(self, count: int) -> int:
        """Walk over `count` bytes."""
        ...

    def close(self) -> None:
        """Give the file back."""
        ...


@dataclass(frozen=True, slots=True)
class Part:
    """Something that may hold pickles. `name` is the way to it inside the file, None for the
    file itself; `size` is None where only unpacking would tell. `at` opens it at a position:
    only parts that are not packed have it."""

    name: str | None
    open: Callable[[], Readable]
    size: int | None = None
    at: Callable[[int, int], Part] | None = None

    def start(self, count: int) -> bytes:
        """Its first bytes, as many as can be unpacked."""
        stream = self.open()
        try:
            return stream.read(count)
        except UNPACKING:
            return b""
        finally:
            stream.close()

    def within(self, name: str) -> str:
        """The name of a part inside this one."""
        return f"{self.name}/{name}" if self.name else name


class _Stretch:
    """A stretch of a regular file."""

    def __init__(self, stream: BinaryIO, start: int, length: int) -> None:
        self._stream = stream
        self._left = length
        stream.seek(start)

    def read(self, size: int, /) -> bytes:
        data = self._stream.read(min(size, self._left))
        self._left -= len(data)
        return data

    def skip(self, count: int) -> int:
        count = min(count, self._left)
        self._stream.seek(count, io.SEEK_CUR)
        self._left -= count
        return count

    def close(self) -> None:
        self._stream.close()


class Packed:
    """Bytes that are unpacked while they are read, each counted against the budget."""

    def __init__(self, stream: BinaryIO | _Inflating, record: Record, under: Readable) -> None:
        self._stream = stream
        self._record = record
        self._under = under

    def read(self, size: int, /) -> bytes:
        parts = bytearray()
        while len(parts) < size:
            data = self._stream.read(min(size - len(parts), _CHUNK))
            if not data:
                break
            self._record.spend_bytes(len(data))
            parts += data
        return bytes(parts)

    def skip(self, count: int) -> int:
        left = count
        while left > 0 and (data := self.read(min(left, _CHUNK))):
            left -= len(data)
        return count - left

    def close(self) -> None:
        self._under.close()


class _Inflating:
    """Deflated bytes; `window` as for zlib. Ends where the deflated stream does."""

    def __init__(self, under: Readable, window: int) -> None:
        self._under = under
        self._inflate = zlib.decompressobj(window)
        self._pending = b""

    def read(self, size: int, /) -> bytes:
        while not self._pending and not self._inflate.eof:
            raw = self._inflate.unconsumed_tail or self._under.read(_CHUNK)
            if not raw:
                break
            self._pending = self._inflate.decompress(raw, max(size, 1))
        data, self._pending = self._pending[:size], self._pending[size:]
        return data


def of_file(file: Path, size: int) -> Part:
    """The whole of a regular file."""
    return _stretch(file, None, 0, size)


def _stretch(file: Path, name: str | None, start: int, length: int) -> Part:
    def at(begin: int, count: int) -> Part:
        begin = min(begin, length)
        return _stretch(file, name, start + begin, min(count, length - begin))

    return Part(name, lambda: _Stretch(file.open("rb"), start, length), length, at)


def of_bytes(content: bytes, name: str | None) -> Part:
    """Bytes that are already in memory."""

    def at(begin: int, count: int) -> Part:
        return of_bytes(content[begin : begin + count], name)

    def opened() -> Readable:
        return _Stretch(io.BytesIO(content), 0, len(content))

    return Part(name, opened, len(content), at)


def renamed(part: Part, name: str | None) -> Part:
    """The same bytes under another name."""
    return Part(name, part.open, part.size, part.at)


def inflated(packed: Part, name: str | None, record: Record, window: int = -15) -> Part:
    """What a deflated part holds; a raw stream as zip archives have it, or zlib's own."""

    def opened() -> Readable:
        under = packed.open()
        return Packed(_Inflating(under, window), record, under)

    return Part(name, opened)


def decompressed(packed: Part, kind: str, record: Record) -> Part:
    """What a compressed part holds; `kind` as `inflating.compression` names it."""
    if kind == "zlib":
        return inflated(packed, packed.name, record, window=15)

    def opened() -> Readable:
        under = packed.open()
        source = cast(BinaryIO, io.BufferedReader(_Raw(under)))
        match kind:
            case "gzip":
                stream = cast(BinaryIO, gzip.GzipFile(fileobj=source))
            case "bz2":
                stream = cast(BinaryIO, bz2.BZ2File(source))
            case _:
                stream = cast(BinaryIO, lzma.LZMAFile(source))  # noqa: SIM115
        return Packed(stream, record, under)

    return Part(packed.name, opened)


class _Raw(io.RawIOBase):
    def __init__(self, under: Readable) -> None:
        self._under = under

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        data = self._under.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)
