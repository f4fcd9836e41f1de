"""Streams the lines of a text log of any size, gzipped or not, whatever its line ends are."""

from __future__ import annotations

import codecs
import gzip
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from io import BufferedIOBase

from ml_debugger.readers.head import Head
from ml_debugger.readers.training.passages import Passages
from ml_debugger.readers.training.terminal import plain

__all__ = ["Line", "Stream", "plain"]

MAX_LINE = 1 << 16
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Line:
    """One line, 1-based. `whole` is false for a last one that no line end closes."""

    number: int
    text: str
    whole: bool = True


@dataclass(frozen=True, slots=True)
class Block:
    """Consecutive lines, of which `first` is the number of the first one, 1-based.

    `plain` is true where none of them holds a control character that moves or colours text.
    """

    first: int
    texts: list[str]
    plain: bool
    whole: bool = True


class Stream:
    """The decoded text of a file in pieces; `problem` says afterwards how it broke off.

    With `listen` the `passages` collect on the way where it speaks of trouble.
    """

    def __init__(self, head: Head, *, listen: bool = False) -> None:
        self._head = head
        self.problem: str | None = None
        self.passages = Passages() if listen else None

    def pieces(self) -> Iterator[str]:
        """Text pieces of about a mebibyte; undecodable bytes become U+FFFD."""
        decoder = codecs.getincrementaldecoder(self._head.encoding or "utf-8")("replace")
        first = True
        with self._open() as stream:
            while True:
                try:
                    raw = stream.read1(_CHUNK)
                except (EOFError, OSError, zlib.error) as error:
                    if not self._head.gzipped:
                        raise
                    self.problem = f"the gzip data breaks off: {error}"
                    raw = b""
                try:
                    text = decoder.decode(raw, final=not raw)
                except UnicodeDecodeError as error:
                    self.problem = f"the text cannot be decoded: {error.reason}"
                    return
                if first:
                    text = text.removeprefix("\ufeff")
                    first = False
                if text:
                    if self.passages is not None:
                        self.passages.take(text)
                    yield text
                if not raw:
                    return

    def lines(self) -> Iterator[Line]:
        """Lines without their ends; of an endless one only the first `MAX_LINE` characters."""
        for block in self.blocks():
            for number, text in enumerate(block.texts, start=block.first):
                yield Line(number, text, block.whole)

    def blocks(self) -> Iterator[Block]:
        """Lines as `lines` gives them, many at a time."""
        rest = ""
        number = 0
        cut = False
        for piece in self.pieces():
            text = rest + piece
            parts = text.replace("\r\n", "\n").split("\n")
            rest = parts.pop()
            if parts and cut:
                # the end of a line that was too long
                del parts[0]
                number += 1
                cut = False
            if parts:
                yield Block(number + 1, parts, not _has_controls(text))
                number += len(parts)
            if len(rest) > 4 * MAX_LINE:
                # a progress bar may write megabytes without one line feed: keep its line number
                head, _, tail = rest.rpartition("\r")
                if head and len(tail) <= MAX_LINE:
                    yield Block(number + 1, [head], False)
                    rest = tail
                else:
                    if not cut:
                        yield Block(number + 1, [rest[:MAX_LINE]], False)
                    cut, rest = True, ""
        if rest and not cut:
            # old Mac line ends, or the last line of a log that is still being written
            yield Block(number + 1, [rest[: 4 * MAX_LINE]], False, rest.endswith("\r"))

    def _open(self) -> BufferedIOBase:
        # read1 hands over what could be decompressed before a broken end
        return gzip.open(self._head.file) if self._head.gzipped else self._head.file.open("rb")


def _has_controls(text: str) -> bool:
    return "\r" in text or "\x1b" in text or "\b" in text
