"""Leftovers and large files that lie untouched below a folder, found by a bounded walk."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from ml_debugger.artifacts import LargeFile, Leftovers
from ml_debugger.artifacts.leftovers import is_leftover

MAX_ENTRIES = 100_000
MAX_DEPTH = 16
OLD = 1.0
"""Days without change after which a leftover is no writing that still goes on."""
LARGE = 2**30
MOST_LARGE = 50
SECONDS = 0.7

_DAY = 86_400.0
_OTHERS = frozenset({".git", ".diagnostic", "node_modules", "site-packages", "__pycache__"})
_ENVIRONMENT = frozenset({"pyvenv.cfg", "conda-meta"})


@dataclass
class OldFiles:
    """What one walk found; `cut_short` says where it ended early."""

    folder: str
    files: int = 0
    size: int = 0
    oldest: float = 0.0
    largest: tuple[int, str] = (0, "")
    large: list[LargeFile] = field(default_factory=list)
    cut_short: str | None = None

    @property
    def leftovers(self) -> Leftovers:
        """The leftovers in one record."""
        return Leftovers(
            self.folder, self.files, self.size, round(self.oldest, 1), self.largest[1] or None
        )


def walk(
    folder: str,
    *,
    reads_recorded: bool | None,
    temporary: bool = False,
    without: Collection[str] = (),
    seconds: float = SECONDS,
    now: float | None = None,
) -> OldFiles:
    """Walk a folder on its own device, without following links, for at most `seconds`.

    Counted are files of this user alone. In a folder for temporary files, everything below a
    folder with a leftover's name counts as well, and large files are not told: they are those of
    other work. Python environments, repositories' own folders, the quarantine of repairs and the
    folders `without` are passed over.
    """
    found = OldFiles(folder)
    own, at = os.getuid(), time.time() if now is None else now
    end = time.monotonic() + seconds
    for number, (file, status, inside) in enumerate(
        _files(Path(folder), temporary=temporary, without=without)
    ):
        if number >= MAX_ENTRIES:
            found.cut_short = f"{folder}: looked at the first {MAX_ENTRIES:,} files"
            break
        if number % 64 == 0 and time.monotonic() > end:
            found.cut_short = f"{folder}: looked at {number:,} files in {seconds:g} s"
            break
        if status.st_uid == own:
            _take(found, file, status, at, reads_recorded=reads_recorded, leftover=inside)
    large = [] if temporary else found.large
    found.large = sorted(large, key=lambda one: -one.size)[:MOST_LARGE]
    return found


def old_leftovers(folder: Path, now: float | None = None) -> Iterator[Path]:
    """The files that `walk` counts as leftovers in a folder that is not a temporary one.

    For those who clear away what was counted, and nothing else. Raises OSError for a folder that
    is not there.
    """
    own, at = os.getuid(), time.time() if now is None else now
    for file, status, _ in islice(_files(folder, temporary=False, without=()), MAX_ENTRIES):
        if status.st_uid == own and is_leftover(file.name) and _unwritten(status, at) > OLD:
            yield file


def _unwritten(status: os.stat_result, at: float) -> float:
    """Days since a file was written.

    One that was copied keeps its old time of writing: the time of its coming counts as well.
    """
    return (at - max(status.st_mtime, status.st_ctime)) / _DAY


def _take(
    found: OldFiles,
    file: Path,
    status: os.stat_result,
    at: float,
    *,
    reads_recorded: bool | None,
    leftover: bool,
) -> None:
    size = status.st_blocks * 512
    unwritten = _unwritten(status, at)
    if (leftover or is_leftover(file.name)) and unwritten > OLD:
        found.files += 1
        found.size += size
        found.oldest = max(found.oldest, unwritten)
        found.largest = max(found.largest, (size, str(file)))
    if size >= LARGE:
        unread = None if reads_recorded is False else max(0.0, (at - status.st_atime) / _DAY)
        found.large.append(
            LargeFile(
                str(file),
                size,
                round(max(0.0, unwritten), 1),
                None if unread is None else round(unread, 1),
            )
        )


def _files(
    top: Path, *, temporary: bool, without: Collection[str]
) -> Iterator[tuple[Path, os.stat_result, bool]]:
    """Regular files with their status, and whether they lie in a leftover folder."""
    device = top.lstat().st_dev
    waiting = [(top, 0, False)]
    while waiting:
        folder, depth, inside = waiting.pop()
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError:
            # another user's folder, or one that is gone by now
            continue
        if folder != top and any(entry.name in _ENVIRONMENT for entry in entries):
            continue
        for entry in entries:
            try:
                status = entry.stat(follow_symlinks=False)
            except OSError:
                continue
            if stat.S_ISREG(status.st_mode):
                yield Path(entry.path), status, inside
            elif (
                stat.S_ISDIR(status.st_mode)
                and status.st_dev == device
                and depth < MAX_DEPTH
                and entry.name not in _OTHERS
                and entry.path not in without
            ):
                leftover = temporary and is_leftover(entry.name)
                waiting.append((Path(entry.path), depth + 1, inside or leftover))
