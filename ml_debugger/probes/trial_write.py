"""A real write of a few MB that leaves nothing: finds quotas that statvfs does not know."""

from __future__ import annotations

import errno
import os
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

SIZE = 4 * 2**20
"""Bytes of one try."""
TRIES = 3
FAST_ENOUGH = 50 * 2**20
"""Bytes a second; a first try below it is repeated, as one alone may meet a busy moment."""
BLOCK = 2**20

_OUTCOMES = {
    errno.ENOSPC: "no space",
    errno.EDQUOT: "quota",
    errno.EROFS: "read-only",
    errno.EACCES: "denied",
    errno.EPERM: "denied",
}


@dataclass(frozen=True, slots=True)
class Trial:
    """What became of the write; see `Volume.write`."""

    outcome: str
    problem: str | None = None
    rates: tuple[float, ...] = ()


def trial_write(folder: Path, size: int = SIZE, seconds: float = 2.0) -> Trial:
    """Write `size` bytes with fsync in a file without a name, up to three times.

    The file has no name from the beginning (O_TMPFILE), or loses it before the first byte, so
    that nothing stays whenever this process ends. The bytes are random: file systems that
    compress or share equal blocks would take others for nothing. No third try begins after
    `seconds`.
    """
    data = os.urandom(min(size, BLOCK))
    rates: list[float] = []
    begun = time.monotonic()
    try:
        for _ in range(TRIES):
            rates.append(_one_try(folder, data, size))
            slow = time.monotonic() - begun > seconds
            if rates[0] >= FAST_ENOUGH or (slow and len(rates) > 1):
                break
    except OSError as error:
        outcome = _OUTCOMES.get(error.errno or 0, "failed")
        return Trial(outcome, error.strerror or str(error), tuple(rates))
    return Trial("done", None, tuple(rates))


def _one_try(folder: Path, data: bytes, size: int) -> float:
    file = _nameless(folder)
    try:
        begun = time.perf_counter()
        left = size
        while left > 0:
            # a full volume writes a part first and tells the error with the next call
            left -= os.write(file, data[:left])
        os.fsync(file)
        return size / max(1e-9, time.perf_counter() - begun)
    finally:
        os.close(file)


def _nameless(folder: Path) -> int:
    try:
        return os.open(folder, os.O_TMPFILE | os.O_WRONLY, 0o600)
    except AttributeError:
        # not Linux
        pass
    except OSError as error:
        if error.errno not in (errno.EOPNOTSUPP, errno.EISDIR, errno.ENOENT, errno.EINVAL):
            raise
    file, name = tempfile.mkstemp(prefix=".diagnostic-", dir=folder)
    try:
        Path(name).unlink()
    except OSError:
        os.close(file)
        raise
    return file
