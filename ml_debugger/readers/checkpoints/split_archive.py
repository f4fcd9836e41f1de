"""Splits in NumPy's archives: arrays of row numbers called train_idx and test_idx, or the like."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl

from ml_debugger.readers.checkpoints import numpy_file
from ml_debugger.readers.checkpoints.scaler_archive import arrays
from ml_debugger.readers.checkpoints.zip_members import first_members, starts_as_zip
from ml_debugger.readers.head import Head
from ml_debugger.readers.reader import Reader, Reading
from ml_debugger.readers.records.indices import LEAST_ROWS, Part, split_of
from ml_debugger.readers.records.windows import PARTS

MAX_BYTES = 256 << 20
"""Of one array: 30 million row numbers."""

_WORDS = {word: part for part, words in PARTS.items() for word in words}
_NAME = re.compile(
    rf"(?:(?:fold|split|cv)_?(\d+)_)?({'|'.join(_WORDS)})_?(?:idx|index|indices|rows|mask|dates)?"
    r"(?:_?(?:fold|split|cv)?_?(\d+))?",
    re.IGNORECASE,
)


def recognise(head: Head) -> str | None:
    """An archive with arrays named as rows of training and of another part."""
    if head.gzipped or not starts_as_zip(head.start):
        return None
    named = [_named(name.removesuffix(".npy")) for name in first_members(head.start)]
    parts = {part for _, part in filter(None, named)}
    spoken = any(re.search(r"idx|index|indices|mask", n) for n in first_members(head.start))
    return "npz" if "train" in parts and (len(parts) > 1 or spoken) else None


def read(head: Head, kind: str) -> Reading:
    """The archive as any other, and the split in it."""
    reading = numpy_file.READER.read(head, kind)
    if any(getattr(artifact, "problem", None) for artifact in reading.artifacts):
        return reading
    split = split_of(list(_parts(arrays(head, MAX_BYTES))), head.shown, head.shown)
    return replace(reading, artifacts=[*reading.artifacts, *([split] if split else [])])


def _named(name: str) -> tuple[int | None, str] | None:
    found = _NAME.fullmatch(name)
    if found is None:
        return None
    number = found[1] or found[3]
    return (int(number) if number else None), _WORDS[found[2].lower()]


def _parts(found: dict[str, Any]) -> Iterator[Part]:
    for name, array in found.items():
        named = _named(name)
        if named is None or array.ndim != 1 or len(array) < LEAST_ROWS:
            continue
        if array.dtype == np.bool_:
            array = np.flatnonzero(array)
        if np.issubdtype(array.dtype, np.integer) and array.min() >= 0:
            yield *named, pl.Series(array.astype(np.int64))
        elif np.issubdtype(array.dtype, np.datetime64):
            yield *named, pl.Series(array.astype("datetime64[us]"))


READER = Reader("split-archive", recognise, read)
