"""The beginning of a file: all that recognition may look at."""

from __future__ import annotations

import gzip
import zlib
from dataclasses import dataclass
from pathlib import Path

HEAD_BYTES = 65_536
CONTROLS = bytes(byte for byte in range(32) if byte < 8 or 13 < byte < 27 or byte > 27)
"""Bytes that text does not hold; backspaces draw progress bars, and escapes colours, in logs."""


@dataclass(frozen=True, slots=True)
class Head:
    """A regular file's first bytes and what they are.

    `file` is where to read it, `shown` how results name it. `start` holds up to 64 KiB,
    decompressed when the file is gzip. `text` is the decoded start, empty for binary content;
    `encoding` is None for binary content. A last line that the 64 KiB cut is left in place.
    `suspect` is set for a file in which damage was met: its reader looks at every byte.
    """

    file: Path
    shown: str
    size: int
    modified: float
    start: bytes
    text: str
    encoding: str | None
    gzipped: bool
    suspect: bool = False

    @property
    def suffix(self) -> str:
        """The name's ending in lower case, without `.gz`."""
        name = self.file.name.lower()
        if self.gzipped:
            name = name.removesuffix(".gz")
        return Path(name).suffix

    @property
    def stem(self) -> str:
        """The name without its endings."""
        name = self.file.name
        if self.gzipped and name.lower().endswith(".gz"):
            name = name[:-3]
        return Path(name).stem


def read_head(file: Path, shown: str, *, suspect: bool = False) -> Head:
    """Read the beginning of a regular file; raises OSError when that is not possible."""
    stat = file.stat()
    with file.open("rb") as stream:
        raw = stream.read(HEAD_BYTES)
    gzipped = raw.startswith(b"\x1f\x8b")
    start = _inflate(file) if gzipped else raw
    encoding = guess_encoding(start)
    text = start.decode(encoding, errors="replace") if encoding else ""
    text = text.lstrip("\ufeff")
    modified = stat.st_mtime
    return Head(file, shown, stat.st_size, modified, start, text, encoding, gzipped, suspect)


def _inflate(file: Path) -> bytes:
    parts: list[bytes] = []
    have = 0
    try:
        with gzip.open(file) as stream:
            # read1 hands over what could be decompressed before a truncated end
            while have < HEAD_BYTES and (part := stream.read1(HEAD_BYTES - have)):
                parts.append(part)
                have += len(part)
    except (EOFError, OSError, zlib.error):
        return b"".join(parts)
    return b"".join(parts)


def guess_encoding(start: bytes) -> str | None:
    """The text encoding of a file's first bytes, None for binary content.

    UTF-16 is known by its mark, UTF-8 by decoding; text in another single-byte encoding is
    taken for Latin-1 when it has no control characters, which binary content always has.
    """
    if not start:
        return "utf-8"
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    controls = len(start) - len(start.translate(None, CONTROLS))
    try:
        start[: len(start) - 4 if len(start) > 8 else len(start)].decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start < len(start) - 8:
            return "latin-1" if controls == 0 else None
    # a few stray control characters stand in real logs (form feed, NUL padding after a crash)
    return "utf-8" if controls <= len(start) // 200 else None
