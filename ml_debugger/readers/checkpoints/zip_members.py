"""Members of a zip archive, every one read once and compared with its checksum."""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from io import BufferedIOBase
from pathlib import Path
from typing import cast

from ml_debugger.readers.checkpoints.spans import Looked, Span, View, look, look_through

MAX_MEMBERS = 200_000
MAX_VERIFIED = 16 << 30
"""Bytes of members whose checksums are compared; some ten seconds at a disk's usual rate."""

MAX_KEPT = 128 << 20
"""Bytes kept of all members together; of what is larger the beginning alone is unpacked."""

MAX_UNPACKED = 4 << 30
"""Bytes that compressed members are unpacked to, all together: a bomb is not followed further."""

_CHUNK = 1 << 20
DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    NotImplementedError,
    RuntimeError,
    EOFError,
    OSError,
    ValueError,
    LookupError,
)
"""What zipfile raises for a damaged or encrypted archive."""


@dataclass(frozen=True, slots=True)
class Archive:
    """A zip archive: sizes by member, the kept members' bytes, and what is wrong with it.

    `verified` is false where checksums were not written or the archive was too large to compare.
    `cut` names the kept members of which the beginning alone was read.
    """

    sizes: dict[str, int]
    kept: dict[str, bytes]
    problem: str | None
    verified: bool
    looked: Looked = field(default_factory=Looked)
    cut: frozenset[str] = frozenset()


Place = Callable[[Mapping[str, bytes]], Mapping[str, tuple[View, ...]]]
"""Told the kept members, says which tensors lie on the bytes of which others."""


def read_archive(file: Path, keep: Collection[str] = (), place: Place | None = None) -> Archive:
    """Read a zip once, in chunks; members whose last name part is in `keep` are kept.

    With `place` the values of the tensors that it names are looked at in the same reading.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            return _read(archive, file, keep, place)
    except DAMAGE as error:
        return Archive({}, {}, _reason(error), verified=False)


def starts_as_zip(start: bytes) -> bool:
    """True for a zip archive, an empty one included."""
    return start.startswith((b"PK\x03\x04", b"PK\x05\x06"))


def first_members(start: bytes) -> list[str]:
    """Names in the local headers at the beginning of a zip, whole or cut short."""
    names = []
    at = start.find(b"PK\x03\x04")
    while at >= 0 and at + 30 <= len(start):
        length = int.from_bytes(start[at + 26 : at + 28], "little")
        names.append(start[at + 30 : at + 30 + length].decode("utf-8", "replace"))
        at = start.find(b"PK\x03\x04", at + 30)
    return names


def _read(
    archive: zipfile.ZipFile, file: Path, keep: Collection[str], place: Place | None
) -> Archive:
    members = archive.infolist()
    sizes = {member.filename: member.file_size for member in members}
    if len(members) > MAX_MEMBERS:
        return Archive(sizes, {}, f"has {len(members):,} members", verified=False)
    # torch.serialization.set_crc32_options(False) leaves zero in every member
    checksums = any(member.CRC for member in members)
    unpacked = sum(m.file_size for m in members if m.compress_type != zipfile.ZIP_STORED)
    within = sum(sizes.values()) <= MAX_VERIFIED and unpacked <= MAX_UNPACKED
    verified = checksums and within
    kept: dict[str, bytes] = {}
    for member in members:
        if member.filename.rpartition("/")[2] in keep:
            if not checksums:
                del member.CRC
            try:
                room = max(0, MAX_KEPT - sum(map(len, kept.values())))
                kept[member.filename] = _content(archive, member, room)
            except DAMAGE as error:
                problem = f"member {member.filename}: {_reason(error)}"
                return Archive(sizes, kept, problem, verified=False)
    views = place(kept) if place is not None else {}
    spans: list[Span] = []
    packed: list[tuple[zipfile.ZipInfo, Span]] = []
    for member in members:
        on_it = views.get(member.filename, ())
        if member.filename in kept or not (verified or on_it):
            continue
        try:
            start = start_of(archive, member)
        except DAMAGE as error:
            problem = f"member {member.filename}: {_reason(error)}"
            return Archive(sizes, kept, problem, verified=False)
        plain = member.compress_type == zipfile.ZIP_STORED
        if plain and member.compress_size == member.file_size:
            crc = member.CRC if verified else None
            spans.append(Span(start, member.file_size, on_it, crc, member.filename))
        elif within:
            packed.append((member, Span(0, member.file_size, on_it, None, member.filename)))
    looked = look(file, spans)
    for member, span in packed:
        if not checksums:
            del member.CRC
        try:
            with archive.open(member) as stream:
                look_through(cast(BufferedIOBase, stream), span, looked)
        except DAMAGE as error:
            looked.problems[span.name] = _reason(error)
    wrong = [f"member {name}: {looked.problems[name]}" for name in sizes if name in looked.problems]
    first = wrong[0] if wrong else None
    cut = frozenset(name for name, content in kept.items() if len(content) < sizes[name])
    return Archive(sizes, kept, first, verified and not wrong, looked, cut)


def start_of(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> int:
    """Where a member's bytes begin, behind its local header, which zipfile compares."""
    with archive.open(member):
        pass
    assert archive.fp is not None
    archive.fp.seek(member.header_offset + 26)
    name, extra = struct.unpack("<HH", archive.fp.read(4))
    return int(member.header_offset + 30 + name + extra)


def _content(archive: zipfile.ZipFile, member: zipfile.ZipInfo, room: int) -> bytes:
    parts = bytearray()
    left = min(member.file_size, room)
    with archive.open(member) as stream:
        # one chunk past the stated size would be a bomb; zipfile itself stops at the size
        while left > 0 and (chunk := stream.read(min(_CHUNK, left))):
            left -= len(chunk)
            parts += chunk
    if left > 0:
        raise EOFError(f"ends {left:,} bytes early")
    return bytes(parts)


def _reason(error: BaseException) -> str:
    text = str(error)
    if "not a zip file" in text:
        return "is cut short: the zip directory at its end is missing"
    if "password" in text or "encrypt" in text:
        return "is encrypted"
    return text or type(error).__name__
