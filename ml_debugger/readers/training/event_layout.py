"""Where the scalars of an event lie in its bytes, and how to take them from many at once.

The field numbers are those of TensorFlow's event.proto, summary.proto and tensor.proto.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ml_debugger.readers.training.crc32c import Bytes
from ml_debugger.readers.training.protobuf import fields, placed_fields, signed

_FLOAT, _DOUBLE, _STRING = 1, 2, 7
_KINDS = {_FLOAT: "<f4", _DOUBLE: "<f8"}
_MAX_TAG = 200
_MAX_TEXT = 1 << 16


@dataclass(frozen=True, slots=True)
class Place:
    """A scalar: its tag, where its bytes begin and of what type they are."""

    tag: str
    at: int
    kind: str

    @property
    def size(self) -> int:
        """Its length in bytes."""
        return int(self.kind[2:])


@dataclass(frozen=True, slots=True)
class Layout:
    """What one event holds: wall time, step as (place, width), scalars, and texts by tag.

    `plugins` are the contents that summaries keep for plugins of TensorBoard, by tag.
    """

    wall: int | None
    step: tuple[int, int] | None
    scalars: tuple[Place, ...]
    texts: tuple[tuple[str, bytes], ...] = ()
    plugins: tuple[tuple[str, bytes], ...] = ()

    @property
    def variable(self) -> tuple[object, ...]:
        """What must be equal for two events to be read in the same way."""
        return (self.wall, self.step, tuple((p.at, p.kind) for p in self.scalars))

    def constant(self, rows: Bytes) -> Bytes:
        """Events of equal length without what varies from one to the next, a row each."""
        rest = rows.copy()
        if self.wall is not None:
            rest[:, self.wall : self.wall + 8] = 0
        if self.step is not None:
            at, width = self.step
            # the high bits say how long the number is
            rest[:, at : at + width] &= 0x80
        for place in self.scalars:
            rest[:, place.at : place.at + place.size] = 0
        return rest

    def walls(self, rows: Bytes) -> NDArray[np.float64]:
        """The wall time of each event in seconds since 1970; NaN where it has none."""
        if self.wall is None:
            return np.full(len(rows), np.nan)
        return _numbers(rows, self.wall, "<f8")

    def steps(self, rows: Bytes) -> NDArray[np.float64]:
        """The step of each event; 0 is not written."""
        value = np.zeros(len(rows), dtype=np.uint64)
        if self.step is not None:
            at, width = self.step
            for offset in range(width):
                bits = (rows[:, at + offset] & 0x7F).astype(np.uint64)
                value |= bits << np.uint64(7 * offset)
        return value.astype(np.int64).astype(np.float64)

    def values(self, rows: Bytes, place: Place) -> NDArray[np.float64]:
        """One scalar of each event."""
        return _numbers(rows, place.at, place.kind)


def layout_of(data: bytes) -> Layout:
    """The layout of one event; raises Malformed."""
    wall: int | None = None
    step: tuple[int, int] | None = None
    scalars: list[Place] = []
    texts: list[tuple[str, bytes]] = []
    plugins: list[tuple[str, bytes]] = []
    for number, at, value in placed_fields(data):
        if number == 1 and isinstance(value, bytes) and len(value) == 8:
            wall = at
        elif number == 2 and isinstance(value, int):
            step = (at, _width(data, at))
        elif number == 5 and isinstance(value, bytes):
            for inner, begin, summary in placed_fields(value):
                if inner == 1 and isinstance(summary, bytes):
                    _value(summary, at + begin, scalars, texts, plugins)
    return Layout(wall, step, tuple(scalars), tuple(texts), tuple(plugins))


def _value(
    data: bytes,
    base: int,
    scalars: list[Place],
    texts: list[tuple[str, bytes]],
    plugins: list[tuple[str, bytes]],
) -> None:
    tag = ""
    found: tuple[int, str] | None = None
    text: bytes | None = None
    plugin: bytes | None = None
    for number, at, value in placed_fields(data):
        if not isinstance(value, bytes):
            continue
        if number == 1:
            tag = value.decode("utf-8", "replace")[:_MAX_TAG]
        elif number == 2 and len(value) == 4:
            found = (base + at, "<f4")
        elif number == 8:
            found, text = _tensor(value, base + at)
        elif number == 9:
            plugin = _plugin_content(value)
    if tag and found is not None:
        scalars.append(Place(tag, *found))
    if tag and text is not None:
        texts.append((tag, text))
    if tag and plugin:
        plugins.append((tag, plugin))


def _tensor(data: bytes, base: int) -> tuple[tuple[int, str] | None, bytes | None]:
    """Where the one float or double of a tensor lies, or its one text; (None, None) else."""
    kind = 0
    content: tuple[int, bytes] | None = None
    text: bytes | None = None
    for number, at, value in placed_fields(data):
        if number == 1 and isinstance(value, int):
            kind = value
        elif number in (4, 5, 6) and isinstance(value, bytes):
            content = (base + at, value)
        elif number == 8 and isinstance(value, bytes) and text is None:
            text = value[:_MAX_TEXT]
        elif number == 2 and isinstance(value, bytes) and _elements(value) != 1:
            return None, None
    if kind == _STRING:
        return None, text
    form = _KINDS.get(kind)
    if form is None or content is None or len(content[1]) != int(form[2:]):
        return None, None
    return (content[0], form), None


def _elements(shape: bytes) -> int:
    count = 1
    for number, dimension in fields(shape):
        if number == 2 and isinstance(dimension, bytes):
            sizes = [s for f, s in fields(dimension) if f == 1 and isinstance(s, int)]
            count *= signed(sizes[0]) if sizes else 0
    return count


def _plugin_content(metadata: bytes) -> bytes | None:
    for number, plugin in fields(metadata):
        if number == 1 and isinstance(plugin, bytes):
            for inner, content in fields(plugin):
                if inner == 2 and isinstance(content, bytes):
                    return content
    return None


def _width(data: bytes, at: int) -> int:
    end = at
    while data[end] & 0x80:
        end += 1
    return end - at + 1


def _numbers(rows: Bytes, at: int, kind: str) -> NDArray[np.float64]:
    size = int(kind[2:])
    return np.ascontiguousarray(rows[:, at : at + size]).view(kind).ravel().astype(np.float64)
