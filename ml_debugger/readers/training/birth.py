"""When a file was made: a log that was written over hours is older than a copy of it."""

from __future__ import annotations

import ctypes
import struct
import sys
import time
from pathlib import Path

from ml_debugger.artifacts import Written
from ml_debugger.readers.head import Head

_AT_CWD = -100
_BIRTH = 0x800
_MASK_AT = 0
_BIRTH_AT = 0x50


def written_at(head: Head) -> Written:
    """When the file was made and written last; read is now."""
    return Written(head.modified, time.time(), born(head.file))


def born(file: Path) -> float | None:
    """Seconds since 1970 at which the file was made; None where the system does not tell.

    Python 3.11 has no birth time on Linux, so `statx(2)` is asked; the offsets are those of
    `struct statx`, which are equal on all architectures.
    """
    known = getattr(file.stat(), "st_birthtime", None)
    if known is not None:
        return float(known)
    if not sys.platform.startswith("linux"):
        return None
    try:
        ask = ctypes.CDLL(None).statx
    except (OSError, AttributeError):
        # a C library older than glibc 2.28
        return None
    answer = ctypes.create_string_buffer(256)
    if ask(_AT_CWD, str(file).encode(errors="surrogateescape"), 0, _BIRTH, answer) != 0:
        return None
    (mask,) = struct.unpack_from("I", answer, _MASK_AT)
    if not mask & _BIRTH:
        return None
    seconds: int
    nanoseconds: int
    seconds, nanoseconds = struct.unpack_from("qI", answer, _BIRTH_AT)
    return seconds + nanoseconds * 1e-9
