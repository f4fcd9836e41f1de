"""Walking files and folders within bounds of number, depth and time."""

from __future__ import annotations

import fnmatch
import os
import stat
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ml_debugger.workspace.configuration import PROJECT_FILE

MAX_FILES = 20_000
MAX_DEPTH = 12
MAX_SECONDS = 20.0
PASSED_OVER = frozenset(
    {"__pycache__", "node_modules", "site-packages", "venv", "env", "mlruns-trash"}
)
CONFIGURED = ".hydra"
"""The hidden folder in which Hydra keeps what a run was asked to do."""
ENVIRONMENT = frozenset({"pyvenv.cfg", "conda-meta"})
"""A folder with one of these is a Python environment, whatever its name: others' code."""


@dataclass(frozen=True, slots=True)
class Found:
    """A regular file to read, or a folder that is one artifact (`is_folder`).

    `shown` is how results name it; `named` is true when the user named it himself.
    """

    file: Path
    shown: str
    named: bool
    is_folder: bool = False


@dataclass
class Discovery:
    """What the walk found, and what it left out, with the reason."""

    found: list[Found] = field(default_factory=list)
    left_out: list[tuple[str, str, bool]] = field(default_factory=list)
    truncated: str | None = None


def discover(
    paths: Sequence[Path], ignore: Sequence[str] = (), relative_to: Path | None = None
) -> Discovery:
    """Walk the paths; `shown` names are relative to `relative_to` where that is possible.

    Symbolic links to folders are followed once per folder, so loops end. FIFOs, sockets and
    devices are left out with the reason and never opened.
    """
    walk = _Walk(ignore, relative_to)
    for path in paths:
        walk.take(path)
    return walk.discovery


class _Walk:
    def __init__(self, ignore: Sequence[str], relative_to: Path | None) -> None:
        self.discovery = Discovery()
        self._ignore = tuple(ignore)
        self._relative_to = relative_to
        self._seen: set[tuple[int, int]] = set()
        self._end = time.monotonic() + MAX_SECONDS

    def take(self, path: Path) -> None:
        """Take one path that the user named."""
        try:
            mode = path.stat().st_mode
        except OSError as error:
            self._leave_out(path, error.strerror or str(error), named=True)
            return
        if stat.S_ISDIR(mode):
            self._folder(path, 0, named=True)
        else:
            self._file(path, mode, named=True)

    def _folder(self, folder: Path, depth: int, *, named: bool) -> None:
        if depth > MAX_DEPTH:
            self._leave_out(folder, f"deeper than {MAX_DEPTH} folders", named=named)
            return
        try:
            status = folder.stat()
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError as error:
            self._leave_out(folder, error.strerror or str(error), named=named)
            return
        identity = (status.st_dev, status.st_ino)
        if identity in self._seen:
            return
        self._seen.add(identity)
        if not named and any(entry.name in ENVIRONMENT for entry in entries):
            return
        if is_whole_folder(folder, entries):
            self._add(Found(folder, self._shown(folder), named, is_folder=True))
            return
        for entry in entries:
            if not self._within_bounds():
                return
            self._entry(entry, depth)

    def _entry(self, entry: os.DirEntry[str], depth: int) -> None:
        path = Path(entry.path)
        if any(fnmatch.fnmatch(entry.name, pattern) for pattern in self._ignore):
            return
        try:
            mode = entry.stat().st_mode
        except OSError as error:
            self._leave_out(path, error.strerror or str(error), named=False)
            return
        if stat.S_ISDIR(mode):
            hidden = entry.name.startswith(".") and entry.name != CONFIGURED
            if not hidden and entry.name not in PASSED_OVER:
                self._folder(path, depth + 1, named=False)
        elif not entry.name.startswith(".") and entry.name != PROJECT_FILE:
            self._file(path, mode, named=False)

    def _file(self, path: Path, mode: int, *, named: bool) -> None:
        if stat.S_ISREG(mode):
            self._add(Found(path, self._shown(path), named))
        else:
            self._leave_out(path, f"is {_kind(mode)}, not a file", named=named)

    def _add(self, found: Found) -> None:
        self.discovery.found.append(found)

    def _leave_out(self, path: Path, reason: str, *, named: bool) -> None:
        self.discovery.left_out.append((self._shown(path), reason, named))

    def _within_bounds(self) -> bool:
        if len(self.discovery.found) >= MAX_FILES:
            self.discovery.truncated = f"stopped after {MAX_FILES:,} files"
        elif time.monotonic() > self._end:
            self.discovery.truncated = f"stopped after {MAX_SECONDS:.0f} s of walking"
        return self.discovery.truncated is None

    def _shown(self, path: Path) -> str:
        if self._relative_to is not None:
            absolute, root = path.absolute(), self._relative_to.absolute()
            if absolute.is_relative_to(root):
                return str(absolute.relative_to(root))
        return str(path)


def is_whole_folder(folder: Path, entries: Sequence[os.DirEntry[str]]) -> bool:
    """True for folders that are one artifact: a partitioned table, an MLflow run."""
    names = {entry.name for entry in entries}
    if {"meta.yaml", "metrics"} <= names:
        return True
    partitions = [name for name in names if "=" in name]
    return (
        bool(partitions)
        and len(partitions) >= len(names) - len(names & _PARTITION_COMPANY)
        and (any(_parquet_below(folder / name) for name in sorted(partitions)[:1]))
    )


_PARTITION_COMPANY = frozenset({"_SUCCESS", "_metadata", "_common_metadata", ".DS_Store"})


def _parquet_below(folder: Path) -> bool:
    return any(_parquet_files(folder, depth=3))


def _parquet_files(folder: Path, depth: int) -> Iterator[Path]:
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError:
        return
    for entry in entries[:50]:
        if entry.name.endswith(".parquet"):
            yield Path(entry.path)
        elif depth > 0 and "=" in entry.name and entry.is_dir(follow_symlinks=False):
            yield from _parquet_files(Path(entry.path), depth - 1)


def _kind(mode: int) -> str:
    for test, name in (
        (stat.S_ISFIFO, "a FIFO"),
        (stat.S_ISSOCK, "a socket"),
        (stat.S_ISCHR, "a character device"),
        (stat.S_ISBLK, "a block device"),
    ):
        if test(mode):
            return name
    return "a special file"
