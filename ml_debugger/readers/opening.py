"""Opening a file: which reader takes it, and what is said when none can."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

from ml_debugger.artifacts import Artifact, FileRead, TrainingRun, Unrecognised
from ml_debugger.readers.beside import beside
from ml_debugger.readers.head import Head, read_head
from ml_debugger.readers.reader import Reader, Reading, Unreadable

BINARY = frozenset({".parquet", ".pq", ".feather", ".arrow", ".ipc"})
"""Endings of binary formats: text under such a name is not what it claims to be."""


@cache
def readers() -> tuple[Reader, ...]:
    """All readers, the specific before the general."""
    from ml_debugger.readers import (
        checkpoints,
        configurations,
        gpu,
        json_text,
        kernel,
        records,
        scalers,
        snapshots,
        sources,
        tables,
        training,
    )

    return (
        *sources.READERS,
        snapshots.READER,
        *kernel.READERS,
        *gpu.READERS,
        *records.READERS,
        scalers.READER,
        *checkpoints.READERS,
        *tables.READERS,
        *training.STRUCTURED,
        *configurations.READERS,
        *training.TEXT,
        json_text.READER,
    )


def open_file(file: Path, shown: str, *, named: bool, suspect: bool = False) -> Sequence[Artifact]:
    """Read one regular file into artifacts; the last one says how the reading went.

    A `suspect` file is one in which damage was met: it is looked at whole.
    """
    return _open(file, shown, named=named, suspect=suspect, whole=False)


def open_whole(file: Path, shown: str, *, named: bool, suspect: bool = False) -> Sequence[Artifact]:
    """Read a file as `open_file` does, and what lies beside its format: code, secrets."""
    return _open(file, shown, named=named, suspect=suspect, whole=True)


def _open(file: Path, shown: str, *, named: bool, suspect: bool, whole: bool) -> Sequence[Artifact]:
    try:
        head = read_head(file, shown, suspect=suspect)
    except OSError as error:
        return (FileRead(shown, shown, "file", problem=error.strerror or str(error)),)
    if head.size == 0 and not _named_as_checkpoint(head):
        return _empty(head, named)
    *opened, last = _opened(head, named)
    return (*opened, *(beside(head, opened) if whole else ()), last)


def _opened(head: Head, named: bool) -> Sequence[Artifact]:
    for reader in readers():
        kind = reader.recognise(head)
        if kind is not None:
            opened = _read(reader, head, kind, named)
            return opened if isinstance(opened[-1], FileRead) else _errors(head, named) or opened
    return _unknown(head, named)


def open_folder(folder: Path, shown: str, *, suspect: bool = False) -> Sequence[Artifact]:
    """Read a folder that is one artifact: an MLflow run or a partitioned table."""
    from ml_debugger.readers import tables, training

    is_run = training.is_run_folder(folder)
    kind = "mlflow-run" if is_run else "parquet-dataset"
    try:
        if is_run:
            reading = training.read_run_folder(folder, shown)
        else:
            reading = tables.read_dataset(folder, shown, suspect=suspect)
    except Unreadable as error:
        return (FileRead(shown, shown, kind, error.problem, line=error.line),)
    return (
        *reading.artifacts,
        FileRead(
            shown,
            shown,
            kind,
            reading.problem,
            salvaged=bool(reading.artifacts),
            line=reading.line,
            lost=reading.lost,
        ),
    )


def _read(reader: Reader, head: Head, kind: str, named: bool) -> Sequence[Artifact]:
    try:
        reading: Reading = reader.read(head, kind)
    except Unreadable as error:
        return (FileRead(head.shown, head.shown, kind, error.problem, line=error.line),)
    if not reading.artifacts and reading.problem is None:
        content = reading.content or f"{kind} of no known kind"
        return (Unrecognised(head.shown, head.shown, content, named),)
    read = FileRead(
        head.shown,
        head.shown,
        kind,
        reading.problem,
        salvaged=bool(reading.artifacts),
        line=reading.line,
    )
    return (*(_dated(artifact, head) for artifact in reading.artifacts), read)


def _errors(head: Head, named: bool) -> Sequence[Artifact]:
    """What a table of no known kind tells of errors that runs ended with; empty for others."""
    from ml_debugger.readers.training import failed_rows

    kind = failed_rows.READER.recognise(head)
    return _read(failed_rows.READER, head, kind, named) if kind is not None else ()


def _dated(artifact: Artifact, head: Head) -> Artifact:
    """A training run knows when its file was written: one of just now may still go on."""
    from ml_debugger.readers.training.birth import written_at

    if isinstance(artifact, TrainingRun):
        return replace(artifact, written=written_at(head))
    return artifact


def _named_as_checkpoint(head: Head) -> bool:
    """An empty checkpoint is judged as a checkpoint, by the reader of misnamed ones."""
    from ml_debugger.readers.checkpoints import misnamed

    return misnamed.READER.recognise(head) is not None


def _empty(head: Head, named: bool) -> Sequence[Artifact]:
    claimed = claim(head)
    if claimed is not None:
        return (FileRead(head.shown, head.shown, claimed, "is empty: zero bytes"),)
    return (Unrecognised(head.shown, head.shown, "is empty: zero bytes", named),)


def _unknown(head: Head, named: bool) -> Sequence[Artifact]:
    claimed = claim(head)
    if claimed is not None and (head.encoding is None or head.suffix in BINARY):
        problem = f"named {head.suffix}, but its content is no {claimed}"
        return (FileRead(head.shown, head.shown, claimed, problem),)
    content = "text of no known form" if head.encoding else "binary content of no known form"
    return (Unrecognised(head.shown, head.shown, content, named),)


def claim(head: Head) -> str | None:
    """The format that the file's name claims, None where the ending claims nothing."""
    for reader in readers():
        if head.suffix in reader.suffixes:
            return reader.name
    return None
