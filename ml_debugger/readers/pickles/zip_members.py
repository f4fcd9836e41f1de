"""Members of a zip archive as a loader finds them, whatever flags and checksums say.

Layout: APPNOTE.TXT 6.3.10 of PKWARE, sections 4.3.7 (local header), 4.3.12 (central directory),
4.3.14 to 4.3.16 (its end, and that of Zip64). Flags of encryption, checksums and names in local
headers are not believed: loaders differ in which of them they look at.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from ml_debugger.readers.pickles.parts import Part, inflated, renamed
from ml_debugger.readers.pickles.record import Record

END = b"PK\x05\x06"
_LOCAL, _CENTRAL, _END64, _LOCATOR = b"PK\x03\x04", b"PK\x01\x02", b"PK\x06\x06", b"PK\x06\x07"
TAIL = 65_535 + 22 + 20
"""Bytes from the end within which the end of the directory lies, comment included."""

_MAX_DIRECTORY = 64 << 20
_SEARCHED = 64 << 20
_WIDE = 0xFFFFFFFF
_STORED, _DEFLATED = 0, 8


@dataclass(frozen=True, slots=True)
class Entry:
    """One member: where its local header lies, how it is packed, and in how many bytes."""

    name: str
    header: int
    method: int
    length: int
    encrypted: bool


def members(part: Part, record: Record) -> Iterator[Part]:
    """What every member holds, opened when it is asked for.

    Members that the directory does not list but whose local headers stand in the first bytes of
    the archive are taken too.
    """
    entries = {entry.header: entry for entry in _listed(part)}
    hidden = [entry for entry in _local(part) if entry.header not in entries]
    for entry in [*entries.values(), *hidden]:
        record.spend_part()
        name = part.within(entry.name)
        packed = _content(part, entry)
        if packed is None:
            continue
        if entry.method == _DEFLATED:
            unpacked = inflated(packed, name, record)
        elif entry.method == _STORED:
            unpacked = renamed(packed, name)
        else:
            record.left_out(name, f"is packed by method {entry.method}, which is not unpacked")
            continue
        before = record.pickles
        yield unpacked
        if entry.encrypted and record.pickles == before:
            record.left_out(name, "is encrypted")


def _content(part: Part, entry: Entry) -> Part | None:
    assert part.at is not None
    header = part.at(entry.header, 30).start(30)
    if len(header) < 30 or not header.startswith(_LOCAL):
        return None
    name, extra = struct.unpack("<HH", header[26:30])
    return part.at(entry.header + 30 + name + extra, entry.length)


def _listed(part: Part) -> list[Entry]:
    """The members of the central directory."""
    assert part.at is not None
    size = part.size or 0
    before = max(0, size - TAIL)
    tail = part.at(before, TAIL).start(TAIL)
    at = tail.rfind(END)
    if at < 0 or at + 22 > len(tail):
        return []
    length, start = struct.unpack("<II", tail[at + 12 : at + 20])
    place = before + at
    if start == _WIDE or length == _WIDE:
        locator = tail[at - 20 : at] if at >= 20 else b""
        if not locator.startswith(_LOCATOR):
            return []
        (end64,) = struct.unpack("<Q", locator[8:16])
        wide = part.at(end64, 56).start(56)
        if len(wide) < 56 or not wide.startswith(_END64):
            return []
        length, start = struct.unpack("<QQ", wide[40:56])
        place = end64
    # bytes before the archive, as in a polyglot, shift all positions
    shift = place - length - start
    if shift < 0:
        shift = 0
    directory = part.at(start + shift, min(length, _MAX_DIRECTORY)).start(
        min(length, _MAX_DIRECTORY)
    )
    return list(_entries(directory, shift))


def _entries(directory: bytes, shift: int) -> Iterator[Entry]:
    at = 0
    while directory[at : at + 4] == _CENTRAL and at + 46 <= len(directory):
        flags, method = struct.unpack("<HH", directory[at + 8 : at + 12])
        packed, plain = struct.unpack("<II", directory[at + 20 : at + 28])
        name, extra, comment = struct.unpack("<HHH", directory[at + 28 : at + 34])
        (header,) = struct.unpack("<I", directory[at + 42 : at + 46])
        text = directory[at + 46 : at + 46 + name].decode("utf-8", "replace")
        fields = directory[at + 46 + name : at + 46 + name + extra]
        packed, header = _wide(fields, plain, packed, header)
        yield Entry(text, header + shift, method, packed, bool(flags & 0x41))
        at += 46 + name + extra + comment


def _wide(fields: bytes, plain: int, packed: int, header: int) -> tuple[int, int]:
    """Packed length and place, from the Zip64 field where they do not fit in four bytes."""
    at = 0
    while at + 4 <= len(fields):
        kind, length = struct.unpack("<HH", fields[at : at + 4])
        if kind == 1:
            values = [
                int.from_bytes(fields[n : n + 8], "little")
                for n in range(at + 4, at + 4 + length, 8)
            ]
            if plain == _WIDE and values:
                values.pop(0)
            if packed == _WIDE and values:
                packed = values.pop(0)
            if header == _WIDE and values:
                header = values.pop(0)
            return packed, header
        at += 4 + length
    return packed, header


def _local(part: Part) -> Iterator[Entry]:
    """Members by the local headers that stand at the beginning, one behind the other."""
    assert part.at is not None
    size = part.size or 0
    at = 0
    while at + 30 <= size:
        header = part.at(at, 30).start(30)
        if not header.startswith(_LOCAL):
            return
        flags, method = struct.unpack("<HH", header[6:10])
        packed, _ = struct.unpack("<II", header[18:26])
        name, extra = struct.unpack("<HH", header[26:30])
        text = part.at(at + 30, name).start(name).decode("utf-8", "replace")
        begin = at + 30 + name + extra
        unknown = packed in (0, _WIDE)
        length = size - begin if unknown else packed
        yield Entry(text, at, method, length, bool(flags & 0x41))
        if unknown:
            return
        at = begin + packed
