"""The datasets of an HDF5 file: groups are walked, places of plain values are found.

Layouts: HDF5 File Format Specification 3.0, sections II (superblock), III.A (version 1 B-trees),
III.B (symbol table nodes), III.D (local heaps), IV.A (object headers and their messages). What
newer files keep in fractal heaps, and chunks, are left aside.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

MAX_OBJECTS = 50_000
MAX_BLOCK = 4 << 20
"""Bytes of one header or heap that are read."""

_UNDEFINED = 2**64 - 1
_SPACE, _LINKS, _TYPE, _LINK, _LAYOUT = 0x01, 0x02, 0x03, 0x06, 0x08
_CONTINUED, _TABLE = 0x10, 0x11
_FLOATS = {2: "float16", 4: "float32", 8: "float64"}


@dataclass(frozen=True, slots=True)
class Dataset:
    """An array in the file. `start` is None where its values do not lie in one piece."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    start: int | None
    length: int
    big_endian: bool = False


class BrokenHdf5Error(Exception):
    """A structure of the file is not what it should be; the text says where."""


class Hdf5File:
    """Walks from the root to the datasets. `base` is where the file proper begins.

    `left_out` names the groups that were met and could not be followed.
    """

    def __init__(self, stream: BinaryIO, size: int, base: int = 0) -> None:
        self._stream = stream
        self._size = size
        self._base = base
        self._seen: set[int] = set()
        self.left_out: list[str] = []

    def datasets(self, root: int) -> Iterator[Dataset]:
        """The datasets below the object at an address. Raises BrokenHdf5Error."""
        todo = [("", root)]
        while todo and len(self._seen) < MAX_OBJECTS:
            path, address = todo.pop()
            if address in self._seen:
                continue
            self._seen.add(address)
            messages = list(self._messages(address))
            kinds = {kind for kind, _ in messages}
            if {_SPACE, _TYPE, _LAYOUT} <= kinds:
                found = self._dataset(path, dict(messages))
                if found is not None:
                    yield found
                continue
            members: list[tuple[str, int]] = []
            for kind, body in messages:
                if kind == _TABLE:
                    tree, heap = struct.unpack_from("<QQ", body)
                    members += self._members(tree, self._names(heap), 0)
                elif kind == _LINKS and _in_heap(body):
                    self.left_out.append(path or "/")
                elif kind == _LINK and (link := _hard_link(body)) is not None:
                    members.append(link)
            joined = [(f"{path}/{name}" if path else name, at) for name, at in members]
            todo += reversed(joined)

    def _read(self, address: int, count: int) -> bytes:
        begin = self._base + address
        if not 0 <= count <= MAX_BLOCK or begin + count > self._size:
            raise BrokenHdf5Error(f"a block of {count:,} bytes at byte {address:,}")
        self._stream.seek(begin)
        return self._stream.read(count)

    def _messages(self, address: int) -> Iterator[tuple[int, bytes]]:
        start = self._read(address, 16)
        if start[:4] == b"OHDR":
            yield from self._messages_2(address, start)
            return
        if start[0] != 1:
            raise BrokenHdf5Error(f"no object at byte {address:,}")
        (size,) = struct.unpack_from("<I", start, 8)
        blocks = [(address + 16, size)]
        while blocks and len(self._seen) < MAX_OBJECTS:
            begin, size = blocks.pop()
            block, at = self._read(begin, size), 0
            while at + 8 <= len(block):
                kind, length = struct.unpack_from("<HH", block, at)
                body = block[at + 8 : at + 8 + length]
                if kind == _CONTINUED and len(body) >= 16:
                    blocks += self._continued(body)
                else:
                    yield kind, body
                at += 8 + length

    def _messages_2(self, address: int, start: bytes) -> Iterator[tuple[int, bytes]]:
        flags = start[5]
        at = 6 + (16 if flags & 0x20 else 0) + (4 if flags & 0x10 else 0)
        width = 1 << (flags & 3)
        size = int.from_bytes(self._read(address + at, width), "little")
        head = 6 if flags & 4 else 4
        blocks = [(address + at + width, size)]
        while blocks:
            begin, size = blocks.pop()
            block, at = self._read(begin, size), 0
            while at + head <= len(block):
                kind, length = struct.unpack_from("<BH", block, at)
                body = block[at + head : at + head + length]
                if kind == _CONTINUED and len(body) >= 16:
                    # such a block has a signature before and a checksum behind its messages
                    blocks += [(b + 4, max(0, n - 8)) for b, n in self._continued(body)]
                else:
                    yield kind, body
                at += head + length

    def _continued(self, body: bytes) -> list[tuple[int, int]]:
        begin, size = struct.unpack_from("<QQ", body)
        if begin in self._seen:
            return []
        self._seen.add(begin)
        return [(begin, size)]

    def _names(self, heap: int) -> bytes:
        start = self._read(heap, 32)
        if start[:4] != b"HEAP":
            raise BrokenHdf5Error(f"no heap of names at byte {heap:,}")
        size, _, address = struct.unpack_from("<QQQ", start, 8)
        return self._read(address, size)

    def _members(self, tree: int, names: bytes, depth: int) -> list[tuple[str, int]]:
        if tree in self._seen or depth > 20:
            return []
        self._seen.add(tree)
        start = self._read(tree, 24)
        if start[:4] == b"SNOD":
            (count,) = struct.unpack_from("<H", start, 6)
            entries = self._read(tree + 8, 40 * count)
            places = (struct.unpack_from("<QQ", entries, 40 * n) for n in range(count))
            return [(_text(names, name), address) for name, address in places]
        if start[:4] != b"TREE":
            raise BrokenHdf5Error(f"no index of a group at byte {tree:,}")
        (count,) = struct.unpack_from("<H", start, 6)
        children = self._read(tree + 24, 16 * count + 8)
        found = []
        for number in range(count):
            (child,) = struct.unpack_from("<Q", children, 16 * number + 8)
            found += self._members(child, names, depth + 1)
        return found

    def _dataset(self, name: str, messages: dict[int, bytes]) -> Dataset | None:
        shape, kind = _shape(messages[_SPACE]), _element(messages[_TYPE])
        if shape is None or kind is None:
            return None
        start, length = _contiguous(messages[_LAYOUT])
        place = None if start is None or start == _UNDEFINED else self._base + start
        return Dataset(name, kind[0], shape, place, length, kind[1])


def _shape(body: bytes) -> tuple[int, ...] | None:
    rank = body[1]
    begin = {1: 8, 2: 4}.get(body[0])
    if begin is None or len(body) < begin + 8 * rank:
        return None
    return struct.unpack_from(f"<{rank}Q", body, begin)


def _element(body: bytes) -> tuple[str, bool] | None:
    """The type in torch's words and whether it is big-endian; None for texts and records."""
    kind, bits = body[0] & 15, body[1]
    (size,) = struct.unpack_from("<I", body, 4)
    if kind == 1 and size in _FLOATS:
        return _FLOATS[size], bool(bits & 1)
    if kind == 0 and size in (1, 2, 4, 8):
        return f"{'int' if bits & 8 else 'uint'}{8 * size}", bool(bits & 1)
    return None


def _contiguous(body: bytes) -> tuple[int | None, int]:
    if body[0] in (3, 4) and body[1] == 1 and len(body) >= 18:
        return struct.unpack_from("<QQ", body, 2)
    if body[0] in (1, 2) and body[2] == 1 and len(body) >= 16:
        # the size follows from shape and type
        return int(struct.unpack_from("<Q", body, 8)[0]), 0
    return None, 0


def _hard_link(body: bytes) -> tuple[str, int] | None:
    flags, at = body[1], 2
    if flags & 8:
        if body[at] != 0:
            return None
        at += 1
    at += (8 if flags & 4 else 0) + (1 if flags & 16 else 0)
    width = 1 << (flags & 3)
    length = int.from_bytes(body[at : at + width], "little")
    name = body[at + width : at + width + length].decode("utf-8", "replace")
    (address,) = struct.unpack_from("<Q", body, at + width + length)
    return name, address


def _in_heap(body: bytes) -> bool:
    """Whether a group of the newer layout keeps its links in a fractal heap."""
    at = 10 if body[1] & 1 else 2
    return int(struct.unpack_from("<Q", body, at)[0]) != _UNDEFINED


def _text(names: bytes, at: int) -> str:
    end = names.find(b"\0", at)
    return names[at : end if end >= 0 else None].decode("utf-8", "replace")
