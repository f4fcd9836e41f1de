"""The lines of a saved output, gzipped or not; of a very long one its beginning and its end."""

from __future__ import annotations

import codecs
import gzip
import zlib
from collections.abc import Iterator
from typing import BinaryIO

from ml_debugger.readers.head import Head

MAX_BYTES = 64 << 20
"""Bytes that are read: two days of `-q` of one card every half minute, or weeks of CSV."""
MAX_LINE = 1 << 16
FIRST = 8
"""Lines of the beginning that are read of a longer file too: they hold the header of a CSV."""

_CHUNK = 1 << 20


class Lines:
    """Iterates over the lines; `problem` says afterwards why the end was not reached.

    Of a longer file than MAX_BYTES the end is read, where its last snapshot stands. What is
    compressed can only be read from its beginning.
    """

    def __init__(self, head: Head) -> None:
        self._head = head
        self.problem: str | None = None

    def __iter__(self) -> Iterator[str]:
        """Lines of at most MAX_LINE characters, without their ends."""
        with self._head.file.open("rb") as raw:
            if self._head.gzipped:
                yield from self._lines(self._inflated(raw))
                return
            skipped = self._head.size - MAX_BYTES
            if skipped > 0:
                for _, line in zip(range(FIRST), self._lines(_chunks(raw)), strict=False):
                    yield line
                raw.seek(skipped)
            lines = self._lines(_chunks(raw))
            if skipped > 0:
                next(lines, None)
            yield from lines

    def _lines(self, chunks: Iterator[bytes]) -> Iterator[str]:
        decoder = codecs.getincrementaldecoder(self._head.encoding or "utf-8")("replace")
        rest = ""
        for chunk in chunks:
            *whole, rest = (rest + decoder.decode(chunk)).replace("\0", "").split("\n")
            yield from map(_clean, whole)
            if len(rest) > MAX_LINE:
                yield _clean(rest)
                rest = ""
        if rest:
            yield _clean(rest)

    def _inflated(self, raw: BinaryIO) -> Iterator[bytes]:
        left = MAX_BYTES
        try:
            with gzip.open(raw) as stream:
                while left > 0 and (chunk := stream.read1(min(_CHUNK, left))):
                    left -= len(chunk)
                    yield chunk
        except (EOFError, OSError, zlib.error) as error:
            self.problem = f"the gzip data breaks off: {error}"
        if left <= 0:
            self.problem = f"only the first {MAX_BYTES:,} bytes of its content were read"


def _chunks(raw: BinaryIO) -> Iterator[bytes]:
    left = MAX_BYTES
    while left > 0 and (chunk := raw.read(min(_CHUNK, left))):
        left -= len(chunk)
        yield chunk


def _clean(line: str) -> str:
    return line[:MAX_LINE].rstrip("\r").removeprefix("\ufeff")
