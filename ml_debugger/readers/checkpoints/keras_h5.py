"""HDF5 files, as Keras writes them: where the file must end, and the values of its datasets.

Layout of the superblock, versions 0 to 3: HDF5 File Format Specification 3.0, section II.A.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field, replace
from typing import BinaryIO

from ml_debugger.artifacts import Tensor
from ml_debugger.readers.checkpoints.describing import describe
from ml_debugger.readers.checkpoints.element_types import element_type
from ml_debugger.readers.checkpoints.hdf5_objects import BrokenHdf5Error, Hdf5File
from ml_debugger.readers.checkpoints.spans import Looked, Span, View, look
from ml_debugger.readers.head import Head
from ml_debugger.readers.reader import Reader, Reading

SIGNATURE = b"\x89HDF\r\n\x1a\n"
_PLACES = (0, 512, 1024, 2048, 4096, 8192)
_KERAS = (
    b"keras_version",
    b"model_config",
    b"layer_names",
    b"training_config",
    b"_layer_checkpoint",
)
_WRITING = 0b1


def recognise(head: Head) -> str | None:
    """By the signature, at the beginning or behind a user block."""
    if _place(head.start) is None:
        return None
    named = head.file.name.endswith(".weights.h5")
    keras = named or any(mark in head.start for mark in _KERAS)
    return "keras-h5" if keras else "hdf5"


def read(head: Head, kind: str) -> Reading:
    """Compare the end that the superblock states with the file's size."""
    place = _place(head.start)
    block = head.start[place:] if place is not None else b""
    if len(block) < 24:
        return describe(head, kind, "is cut short in its superblock")
    version = block[8]
    if version > 3:
        return describe(head, kind, f"its superblock has the unknown version {version}")
    width = block[13] if version < 2 else block[9]
    if width not in (2, 4, 8):
        return describe(head, kind, f"its superblock states addresses of {width} bytes")
    end_at = {0: 24, 1: 28}.get(version, 12) + 2 * width
    if len(block) < end_at + width:
        return describe(head, kind, "is cut short in its superblock")
    # counted from the beginning of the file, also behind a user block
    end = int.from_bytes(block[end_at : end_at + width], "little")
    problem = None
    if end > head.size:
        problem = f"is cut short: {end - head.size:,} of {end:,} bytes are missing"
    elif version == 3 and block[11] & _WRITING:
        problem = "was not closed by the program that wrote it"
    details = {"superblock": str(version)}
    # other HDF5 files are data, of any size
    if width != 8 or kind != "keras-h5":
        return describe(head, kind, problem, details=details)
    root = root_of(block)
    if root is None:
        return describe(head, kind, problem, details=details)
    tensors, looked = _values(head, place or 0, root)
    return describe(
        head,
        kind,
        problem,
        tensors=tensors,
        details=details | dict(looked.details),
        figures=looked.figures,
    )


def _values(head: Head, base: int, root: int) -> tuple[list[Tensor], Looked]:
    """The datasets of numbers, as far as the groups can be followed."""
    with head.file.open("rb") as stream:
        held = values_of(stream, head.size, base, root)
    spans = []
    for view, length in held.views:
        length = max(0, min(length, head.size - view.offset))
        spans.append(Span(view.offset, length, (replace(view, offset=0),), name=view.name))
    looked = look(head.file, sorted(spans, key=lambda span: span.start))
    looked.left_out.update(held.left_out)
    return held.tensors, looked


@dataclass
class Held:
    """The datasets of a file, and where the values lie of those that are in one piece.

    `views` come with the bytes that they need; their offset counts from the file's beginning.
    """

    tensors: list[Tensor] = field(default_factory=list)
    views: list[tuple[View, int]] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)


def values_of(stream: BinaryIO, size: int, base: int, root: int) -> Held:
    """Follow the groups from the root; `base` is where the HDF5 file begins in the stream."""
    held = Held()
    file = Hdf5File(stream, size, base)
    try:
        found = list(file.datasets(root))
    except (BrokenHdf5Error, struct.error, IndexError):
        # the superblock was sound: what cannot be followed is left out, not accused
        return held
    for one in found:
        held.tensors.append(Tensor(one.name, one.dtype, one.shape))
        kind = element_type(one.dtype)
        if one.start is None or kind is None:
            held.left_out[one.name] = "stored in chunks or inside its header"
            continue
        view = View(one.name, one.dtype, one.shape, one.start, big_endian=one.big_endian)
        held.views.append((view, one.length or view.count * kind.item_bytes))
    held.left_out.update(dict.fromkeys(file.left_out, "a group of a newer layout"))
    return held


def root_of(start: bytes) -> int | None:
    """The address of the root group in a superblock with addresses of eight bytes."""
    if not start.startswith(SIGNATURE) or len(start) < 24:
        return None
    version = start[8]
    if version > 3 or (start[13] if version < 2 else start[9]) != 8:
        return None
    # behind the four addresses of the old form stands the root's entry, its header second
    at = {0: 24, 1: 28}.get(version, 12) + 16 + (24 if version < 2 else 8)
    return int.from_bytes(start[at : at + 8], "little") if len(start) >= at + 8 else None


def _place(start: bytes) -> int | None:
    return next((p for p in _PLACES if start[p : p + 8] == SIGNATURE), None)


READER = Reader("keras-h5", recognise, read, (".h5", ".keras"))
