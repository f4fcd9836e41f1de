"""Members of a zip archive, every one read once and compared with its checksum."""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

MAX_MEMBERS = 200_000
MAX_VERIFIED = 16 << 30
"""Bytes of members whose checksums are compared; some ten seconds at a disk's usual rate."""

MAX_KEPT = 32 << 20
_CHUNK = 1 << 20
_DAMAGE = (
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
    """

    sizes: dict[str, int]
    kept: dict[str, bytes]
    problem: str | None
    verified: bool


def read_archive(file: Path, keep: Collection[str] = ()) -> Archive:
    """Read a zip once, in chunks; members whose last name part is in `keep` are kept."""
    try:
        with zipfile.ZipFile(file) as archive:
            return _read(archive, keep)
    except _DAMAGE as error:
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


def _read(archive: zipfile.ZipFile, keep: Collection[str]) -> Archive:
    members = archive.infolist()
    sizes = {member.filename: member.file_size for member in members}
    if len(members) > MAX_MEMBERS:
        return Archive(sizes, {}, f"has {len(members):,} members", verified=False)
    # torch.serialization.set_crc32_options(False) leaves zero in every member
    checksums = any(member.CRC for member in members)
    within = sum(sizes.values()) <= MAX_VERIFIED
    kept: dict[str, bytes] = {}
    for member in members:
        wanted = member.filename.rpartition("/")[2] in keep
        if not wanted and not (checksums and within):
            continue
        if not checksums:
            del member.CRC
        try:
            content = _walk(archive, member, MAX_KEPT if wanted else 0)
        except _DAMAGE as error:
            problem = f"member {member.filename}: {_reason(error)}"
            return Archive(sizes, kept, problem, verified=False)
        if wanted:
            kept[member.filename] = content
    return Archive(sizes, kept, None, verified=checksums and within)


def _walk(archive: zipfile.ZipFile, member: zipfile.ZipInfo, keep: int) -> bytes:
    parts = bytearray()
    left = member.file_size
    with archive.open(member) as stream:
        # one chunk past the stated size would be a bomb; zipfile itself stops at the size
        while left > 0 and (chunk := stream.read(_CHUNK)):
            left -= len(chunk)
            if len(parts) < keep:
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
