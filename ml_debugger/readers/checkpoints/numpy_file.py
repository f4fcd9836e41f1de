"""NumPy's own files: one array (`.npy`) or a zip of arrays (`.npz`).

Format: `numpy.lib.format` of NumPy 2.
"""

from __future__ import annotations

import ast
import math
import re

from ml_debugger.artifacts import Tensor
from ml_debugger.readers.checkpoints.describing import describe
from ml_debugger.readers.checkpoints.zip_members import first_members, read_archive, starts_as_zip
from ml_debugger.readers.head import Head
from ml_debugger.readers.reader import Reader, Reading

MAGIC = b"\x93NUMPY"
_PYTHON2_LONG = re.compile(r"(\d)L(?=[,)\]])")
_PLAIN = re.compile(r"[<>|=]?([biufcSUVMm?])(\d*)(?:\[\w+\])?")


def recognise(head: Head) -> str | None:
    """By the magic bytes; an archive by members that are arrays."""
    if head.start.startswith(MAGIC):
        return "npy"
    if not starts_as_zip(head.start):
        return None
    names = first_members(head.start)
    arrays = [name for name in names[:20] if name.endswith(".npy")]
    return "npz" if (arrays and len(arrays) == len(names[:20])) or head.suffix == ".npz" else None


def read(head: Head, kind: str) -> Reading:
    """Compare the array that the header describes with the file's size, or the checksums."""
    if kind == "npz":
        archive = read_archive(head.file)
        return describe(head, kind, archive.problem, details={"arrays": str(len(archive.sizes))})
    header = _header(head.start)
    if header is None:
        return describe(head, kind, "is cut short in its header")
    dtype, shape, begin = header
    details = {"objects": "yes"} if "O" in str(dtype) else {}
    plain = _PLAIN.fullmatch(dtype) if isinstance(dtype, str) else None
    problem = None
    if plain is not None:
        width = int(plain[2] or 1) * (4 if plain[1] == "U" else 1)
        missing = begin + math.prod(shape) * width - head.size
        if missing > 0:
            problem = f"is cut short: {missing:,} bytes of values are missing"
    return describe(head, kind, problem, tensors=[Tensor("", str(dtype), shape)], details=details)


def _header(start: bytes) -> tuple[object, tuple[int, ...], int] | None:
    wide = len(start) > 6 and start[6] >= 2
    begin = 12 if wide else 10
    length = int.from_bytes(start[8:begin], "little")
    text = start[begin : begin + length]
    if len(text) < length or not length:
        return None
    # Python 2 wrote its long numbers with an L
    plain = _PYTHON2_LONG.sub(r"\1", text.decode("latin-1").strip())
    try:
        match ast.literal_eval(plain):
            case {"descr": dtype, "shape": tuple(shape)} if all(isinstance(n, int) for n in shape):
                return dtype, shape, begin + length
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None
    return None


READER = Reader("numpy", recognise, read, (".npy", ".npz"))
