"""Stretches of a file that hold values, read once: their checksum and the figures of the tensors.

Several threads read at places of their own. Reading, checksums and arithmetic on arrays leave
the interpreter free for each other, so two cores are used by one file.
"""

from __future__ import annotations

import math
import os
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from io import BufferedIOBase
from pathlib import Path
from threading import Lock

import numpy as np

from ml_debugger.artifacts import TensorFigures
from ml_debugger.readers.checkpoints.element_types import ElementType, Values, element_type
from ml_debugger.readers.checkpoints.tally import Tally

MAX_LOOKED = 8 << 30
"""Bytes of values that are looked at in one file; of a larger one every second or third piece."""

CHUNK = 1 << 20
"""Bytes of one piece: it stays in a core's cache for all that is done with it."""

MAX_GATHERED = 16 << 20
"""Bytes of a view that is gathered in memory because its elements do not fill one stretch."""

BEYOND = "reaches beyond its bytes"
_THREADS = 4


@dataclass(frozen=True, slots=True)
class View:
    """A tensor on a stretch of bytes. `offset` is in bytes, `strides` in elements."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    offset: int = 0
    strides: tuple[int, ...] | None = None
    big_endian: bool = False

    @property
    def count(self) -> int:
        """How many elements it has."""
        return math.prod(self.shape)

    @property
    def by_rows(self) -> bool:
        """Whether its elements follow each other row by row."""
        steps = [*zip(self.shape, self.strides or (), strict=False)]
        return _gapless(reversed(steps))

    @property
    def gapless(self) -> bool:
        """Whether its elements fill one stretch, in any order: a transposed matrix does."""
        steps = [*zip(self.shape, self.strides or (), strict=False)]
        return _gapless(sorted(steps, key=lambda step: step[1]))

    def end(self, item_bytes: int) -> int:
        """The first byte behind its last element."""
        if self.count == 0:
            return self.offset
        if self.strides is None:
            return self.offset + self.count * item_bytes
        last = sum((n - 1) * s for n, s in zip(self.shape, self.strides, strict=True))
        return self.offset + (last + 1) * item_bytes


@dataclass(frozen=True, slots=True)
class Span:
    """`length` bytes from `start` on, `crc` the checksum that they should have, if any."""

    start: int
    length: int
    views: tuple[View, ...] = ()
    crc: int | None = None
    name: str = ""


@dataclass
class Looked:
    """What was found. `problems` holds by span what is wrong with its bytes."""

    figures: dict[str, TensorFigures] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    every: int = 1

    @property
    def details(self) -> Mapping[str, str]:
        """What a person should know of how it was looked at."""
        told = {}
        if self.every > 1:
            told["values"] = f"one of every {self.every} pieces of {CHUNK >> 10} KiB looked at"
        if self.left_out:
            shown = [f"{name}: {why}" for name, why in list(self.left_out.items())[:5]]
            more = len(self.left_out) - len(shown)
            told["values left out"] = "; ".join(shown) + (f"; and {more} more" if more else "")
        return told


def look(file: Path, spans: Sequence[Span]) -> Looked:
    """Read every span once, side by side; raises OSError where the file cannot be read.

    A tensor whose bytes end too early has no figures. Where the spans hold more than MAX_LOOKED
    bytes, checksums are compared over all bytes and figures come from a part of the pieces.
    """
    held = sum(span.length for span in spans if span.views)
    looked = Looked(every=max(1, -(-held // MAX_LOOKED)))
    queue, lock = iter(spans), Lock()
    workers = min(_THREADS, os.cpu_count() or 1, len(spans))
    with ThreadPoolExecutor(max(1, workers)) as pool:
        jobs = [pool.submit(_work, file, queue, lock, looked) for _ in range(workers)]
        for job in jobs:
            job.result()
    return looked


def look_through(stream: BufferedIOBase, span: Span, looked: Looked) -> None:
    """Take one span from a stream that stands at its beginning, such as a compressed member."""
    _Walk(span, looked).over(stream.readinto, np.empty(CHUNK, dtype=np.uint8))


def _work(file: Path, queue: Iterator[Span], lock: Lock, looked: Looked) -> None:
    buffer = np.empty(CHUNK, dtype=np.uint8)
    with file.open("rb", buffering=0) as stream:
        while True:
            with lock:
                span = next(queue, None)
            if span is None:
                return
            stream.seek(span.start)
            _Walk(span, looked).over(stream.readinto, buffer, stream.seek)


class _Walk:
    """One span: its bytes go to the checksum and to the tallies of its views."""

    def __init__(self, span: Span, looked: Looked) -> None:
        self._span = span
        self._looked = looked
        self._streamed: list[tuple[View, ElementType, Tally]] = []
        self._gathered: list[tuple[View, ElementType, Tally]] = []
        for view in span.views:
            self._place(view)

    def over(
        self,
        readinto: Callable[[memoryview], int | None],
        buffer: Values,
        seek: Callable[[int], object] | None = None,
    ) -> None:
        """Read the span in pieces; with `seek` those are left out that nothing asks for."""
        span = self._span
        every = 1 if self._gathered else self._looked.every
        kept = bytearray()
        crc = at = 0
        for at in range(0, span.length, CHUNK):
            wanted = min(CHUNK, span.length - at)
            taken = (at // CHUNK) % every == 0
            if not taken and span.crc is None and seek is not None:
                continue
            if seek is not None and every > 1:
                seek(span.start + at)
            piece = buffer.data[: _fill(readinto, buffer.data[:wanted])]
            if span.crc is not None:
                crc = zlib.crc32(piece, crc)
            if taken:
                self._feed(buffer, at, len(piece))
            if self._gathered:
                kept += piece
            if len(piece) < wanted:
                missing = span.length - at - len(piece)
                self._looked.problems[span.name] = f"ends {missing:,} bytes early"
                break
        else:
            if span.crc is not None and crc != span.crc:
                self._looked.problems[span.name] = "its checksum differs from its content"
        for view, kind, tally in self._gathered:
            self._gather(view, kind, tally, kept)
        for view, _, tally in self._streamed:
            if tally.count == view.count or (every > 1 and span.name not in self._looked.problems):
                self._looked.figures[view.name] = tally.figures()

    def _place(self, view: View) -> None:
        kind = element_type(view.dtype)
        if kind is None:
            self._looked.left_out[view.name] = f"values of type {view.dtype}"
            return
        sound = all(n >= 0 for n in (*view.shape, *(view.strides or ()), view.offset))
        if not sound or view.end(kind.item_bytes) > self._span.length:
            self._looked.left_out[view.name] = BEYOND
            return
        whole = self._looked.every == 1
        if view.gapless:
            tally = Tally(kind, view.dtype, view.shape, by_rows=whole and view.by_rows,
                          big_endian=view.big_endian)  # fmt: skip
            self._streamed.append((view, kind, tally))
        elif max(self._span.length, view.count * kind.item_bytes) <= MAX_GATHERED:
            tally = Tally(kind, view.dtype, view.shape, big_endian=view.big_endian)
            self._gathered.append((view, kind, tally))
        else:
            self._looked.left_out[view.name] = "a large view that is not in one piece"

    def _feed(self, buffer: Values, at: int, got: int) -> None:
        for view, kind, tally in self._streamed:
            begin = max(view.offset, at)
            stop = min(view.offset + view.count * kind.item_bytes, at + got)
            # a file that ends within an element leaves its last bytes aside
            stop -= (stop - begin) % kind.item_bytes
            if begin < stop:
                tally.feed(_aligned(buffer[begin - at : stop - at]))

    def _gather(self, view: View, kind: ElementType, tally: Tally, kept: bytearray) -> None:
        if len(kept) < view.end(kind.item_bytes):
            return
        items = np.lib.stride_tricks.as_strided(
            np.frombuffer(kept, dtype=np.uint8)[view.offset :],
            shape=(*view.shape, kind.item_bytes),
            strides=(*(s * kind.item_bytes for s in view.strides or ()), 1),
            writeable=False,
        )
        tally.feed(np.ascontiguousarray(items).reshape(-1))
        self._looked.figures[view.name] = tally.figures()


def _fill(readinto: Callable[[memoryview], int | None], into: memoryview) -> int:
    """Read until the place is full or the file ends; a network disk hands over less at a time."""
    filled = 0
    while filled < len(into) and (got := readinto(into[filled:])):
        filled += got
    return filled


def _gapless(steps: Iterable[tuple[int, int]]) -> bool:
    expected = 1
    for length, stride in steps:
        if length != 1 and stride != expected:
            return False
        expected *= length
    return True


def _aligned(raw: Values) -> Values:
    """The bytes at a place in memory from which numbers of eight bytes can be read."""
    return raw if raw.ctypes.data % 8 == 0 else raw.copy()
