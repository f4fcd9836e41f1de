"""Scalers in NumPy's archives: arrays called mean and std, or the like."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ml_debugger.readers.checkpoints import numpy_file
from ml_debugger.readers.checkpoints.zip_members import first_members, starts_as_zip
from ml_debugger.readers.head import Head
from ml_debugger.readers.reader import Reader, Reading
from ml_debugger.readers.scalers.fitted import fitted

PAIRS = (
    ("mean", "std"),
    ("mean_", "scale_"),
    ("x_mean", "x_std"),
    ("mu", "sigma"),
    ("min", "max"),
    ("data_min_", "data_max_"),
    ("center_", "scale_"),
)
"""Names of arrays of which one alone says little, but both together a scaler."""

MAX_ARRAYS = 1_000
MAX_BYTES = 1 << 20
"""Of one array: a scaler holds one number a feature."""


def recognise(head: Head) -> str | None:
    """An archive with arrays named as those of a scaler."""
    if head.gzipped or not starts_as_zip(head.start):
        return None
    names = {name.removesuffix(".npy").lower() for name in first_members(head.start)}
    return "npz" if any(set(pair) <= names for pair in PAIRS) else None


def read(head: Head, kind: str) -> Reading:
    """The archive as any other, and the scaler in it."""
    reading = numpy_file.READER.read(head, kind)
    if any(getattr(artifact, "problem", None) for artifact in reading.artifacts):
        return reading
    scaler = fitted(arrays(head, MAX_BYTES), head.shown, head.shown, _numbers, _names)
    return replace(reading, artifacts=[*reading.artifacts, *([scaler] if scaler else [])])


def arrays(head: Head, max_bytes: int) -> dict[str, Any]:
    """The arrays of a sound archive by name, but for large ones and those of objects."""
    found: dict[str, Any] = {}
    with zipfile.ZipFile(head.file) as archive:
        for member in archive.infolist()[:MAX_ARRAYS]:
            if member.file_size > max_bytes or not member.filename.endswith(".npy"):
                continue
            with archive.open(member) as stream:
                try:
                    array = np.lib.format.read_array(stream, allow_pickle=False)
                except ValueError:
                    # an array of objects would have to be unpickled: it is left alone
                    continue
            found[member.filename.removesuffix(".npy")] = array
    return found


def _numbers(value: Any) -> Sequence[float] | None:
    if not np.issubdtype(value.dtype, np.number) or sum(n > 1 for n in value.shape) > 1:
        return None
    return [float(number) for number in value.ravel()]


def _names(value: Any) -> Sequence[str] | None:
    return [str(name) for name in value.ravel()] if value.dtype.kind == "U" else None


READER = Reader("scaler-archive", recognise, read)
