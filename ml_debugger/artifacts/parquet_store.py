"""Stores of Parquet files: a folder tree, or a file that stands alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ml_debugger.artifacts.base import Artifact


@dataclass(frozen=True, slots=True)
class Saving:
    """What a store would save if it were written anew, estimated on a sample of its files.

    `share` is of the store's bytes, `worst` the sampled file that would save most, with its
    share. `codecs` are shares of the sampled bytes by codec, `rows` the median rows of a sampled
    file. `problem` says what could not be read.
    """

    sampled: int
    share: float
    codecs: Mapping[str, float]
    rows: int | None = None
    worst: tuple[str, float] | None = None
    problem: str | None = None


@dataclass(frozen=True, eq=False)
class ParquetStore(Artifact):
    """Parquet files of one folder tree: their number, bytes, and how many are small.

    `small` are the files of less than 128 KiB, `median` is the size of the middle one. Calling
    `saving` reads a sample of the files and writes it in memory, for about a second at most.
    `cut_short` says where not all files were counted.
    """

    files: int
    size: int
    small: int
    median: int
    saving: Callable[[], Saving]
    cut_short: str | None = None
