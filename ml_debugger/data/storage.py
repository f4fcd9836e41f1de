"""Files that are either old or new, never half written.

Each is written to a temporary file in its own folder, flushed to the disk, renamed over the old
one, and the folder is flushed, so that the rename survives a power cut (POSIX ``rename``).
"""

import json
import math
import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, is_dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import IO, Any

import numpy as np
import polars as pl

from ml_debugger.errors import DataError


def utc_now() -> str:
    """The time as records give it: ISO 8601 with a Z, to the second."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def write_parquet(frame: pl.DataFrame, path: Path) -> None:
    """Writes a table as zstd Parquet, atomically; creates the folder."""
    replace_file(path, lambda temporary: frame.write_parquet(temporary, compression="zstd"))


def write_json(value: object, path: Path) -> None:
    """Writes a record as JSON, atomically; see ``plain`` for what it may hold."""
    text = json.dumps(plain(value), indent=2, allow_nan=False) + "\n"
    replace_file(path, lambda temporary: temporary.write_text(text, encoding="utf-8"))


def append_json_line(stream: IO[str], value: object) -> None:
    """Writes one line of JSON and flushes it, so that a reader sees it at once."""
    stream.write(json.dumps(plain(value), allow_nan=False) + "\n")
    stream.flush()


def plain(value: object, where: str = "record") -> Any:
    """Turns a value into what JSON knows.

    NumPy scalars become Python's, dates ISO 8601 text, NaN null. Infinity and foreign types raise
    ``DataError`` naming the place, because a reader could not tell them from a fault.
    """
    if isinstance(value, np.generic):
        value = value.item()
    if is_dataclass(value) and not isinstance(value, type):
        value = asdict(value)
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        if math.isinf(value):
            raise DataError(f"{where}: infinity cannot be stored as JSON")
        return None if math.isnan(value) else value
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): plain(item, f"{where}.{key}") for key, item in value.items()}
    if isinstance(value, Sequence):
        return [plain(item, f"{where}[{n}]") for n, item in enumerate(value)]
    raise DataError(f"{where}: {type(value).__name__} cannot be stored as JSON")


def replace_file(
    path: Path,
    write: Callable[[Path], object],
    validate: Callable[[Path], object] | None = None,
) -> None:
    """Lets ``write`` fill a temporary file, ``validate`` judge it, and renames it to ``path``.

    If either raises, ``path`` is untouched and the temporary file is gone. The temporary name
    keeps the suffix of ``path``, because some writers choose the format by it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(
        dir=path.parent, prefix=f".{path.stem}-", suffix=f".tmp{path.suffix}"
    )
    os.close(handle)
    temporary = Path(name)
    try:
        write(temporary)
        if validate is not None:
            validate(temporary)
        _flush(temporary, os.O_RDWR)
        temporary.chmod(0o644)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _flush(path.parent, os.O_RDONLY)


def _flush(path: Path, flags: int) -> None:
    descriptor = os.open(path, flags)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
