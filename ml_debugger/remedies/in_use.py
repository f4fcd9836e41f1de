"""Whether a file is in use: open somewhere, or written only just now."""

from __future__ import annotations

import errno
import fcntl
import os
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path

from ml_debugger.workspace.open_files import open_files

RECENT = 600.0
"""Seconds since the last writing in which a file counts as in use: a run saves again and again,
and opens the file anew each time."""

InUse = Callable[[Path], str | None]


def in_use_now(proc: Path = Path("/proc")) -> InUse:
    """A function that says why a file or folder is in use, None for one that is not.

    It knows the files that processes have open at this moment, so it is made anew for each repair.
    """
    return partial(_reason, opened=open_files(proc))


def _reason(path: Path, opened: Mapping[str, str], now: Callable[[], float] = time.time) -> (
    str | None
):  # fmt: skip
    for file in _files(path):
        try:
            age = now() - file.stat().st_mtime
            holder = opened.get(os.path.realpath(file))
            if holder is not None:
                return f"{file.name} is open in {holder}"
            if _leased(file):
                return f"{file.name} is open elsewhere"
        except OSError as error:
            return f"{file.name}: {error.strerror}"
        if age < RECENT:
            return f"{file.name} was written {max(0, age) / 60:.0f} minutes ago"
    return None


def _files(path: Path) -> Iterator[Path]:
    if path.is_dir() and not path.is_symlink():
        yield from (file for file in path.rglob("*") if file.is_file())
    else:
        yield path


def _leased(file: Path) -> bool:
    """Whether the kernel refuses a lease because the file is open, in another container too.

    A lease needs ownership and a local file system; elsewhere nothing can be said (fcntl(2)).
    """
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
    except OSError:
        return False
    try:
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_WRLCK)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except OSError as error:
        return error.errno == errno.EAGAIN
    finally:
        os.close(descriptor)
    return False
