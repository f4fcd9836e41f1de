"""HDF5 files, as Keras writes them: the superblock states where the file must end.

Layout of the superblock, versions 0 to 3: HDF5 File Format Specification 3.0, section II.A.
"""

from __future__ import annotations

from ml_debugger.readers.checkpoints.describing import describe
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
    keras = any(mark in head.start for mark in _KERAS)
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
    return describe(head, kind, problem, details={"superblock": str(version)})


def _place(start: bytes) -> int | None:
    return next((p for p in _PLACES if start[p : p + 8] == SIGNATURE), None)


READER = Reader("keras-h5", recognise, read, (".h5", ".keras"))
