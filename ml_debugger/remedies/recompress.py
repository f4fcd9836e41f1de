"""Recompression of Parquet files: written anew beside the old one, read back, found equal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import polars as pl

from ml_debugger.contract import Result
from ml_debugger.readers.tables.damage import POLARS_ERRORS, sentence
from ml_debugger.readers.tables.recompression import LEVEL, WORTH, saved_bytes
from ml_debugger.remedies.plan import Kept, Plan, RepairError, Seen, Step

ID = "recompress"
BLOCK_ROWS = 1_000_000
MOST_FILES = 100_000


def plan(root: Path, results: Sequence[Result]) -> Plan:
    """The files of the stores in the findings that would become smaller by a fifth or more.

    What each would save is estimated by writing its first rows in memory.
    """
    steps: list[Step] = []
    kept: list[Kept] = []
    for path in _files_of(root, results):
        try:
            seen = Seen.of(path)
            saved = saved_bytes(path, seen.size)
        except POLARS_ERRORS as error:
            kept.append(Kept(path, f"cannot be read: {sentence(error)}"))
            continue
        if saved < WORTH * seen.size:
            kept.append(Kept(path, f"would save {max(0, saved) / max(1, seen.size):.0%}"))
        else:
            why = f"about {saved / seen.size:.0%} smaller with zstd"
            steps.append(Step(path, why, seen, int(saved), write))
    return Plan(ID, root, tuple(steps), tuple(kept), None if steps else "nothing worth rewriting")


def _files_of(root: Path, results: Sequence[Result]) -> list[Path]:
    """The Parquet files that findings are about, or that lie below their folders."""
    places = dict.fromkeys(root / result.path for result in results if result.path)
    return list(dict.fromkeys(file for place in places for file in _parquet_files(place)))


def write(old: Path, new: Path) -> None:
    """Write a file anew and prove that it holds the same; raises RepairError where it does not."""
    try:
        metadata = {
            key: value for key, value in pl.read_parquet_metadata(old).items()
            if key != "ARROW:schema"
        }  # fmt: skip
        # the columns of a partition's folder name are not in the file
        scan = pl.scan_parquet(old, hive_partitioning=False, glob=False)
        scan.sink_parquet(
            new, compression="zstd", compression_level=LEVEL, metadata=metadata or None
        )
        again = pl.scan_parquet(new, hive_partitioning=False, glob=False)
        _compare(scan, again)
    except POLARS_ERRORS as error:
        raise RepairError(f"could not be written anew: {sentence(error)}") from error


def _compare(one: pl.LazyFrame, other: pl.LazyFrame) -> None:
    if one.collect_schema() != other.collect_schema():
        raise RepairError("the new file's columns differ")
    rows = one.select(pl.len()).collect().item()
    if rows != other.select(pl.len()).collect().item():
        raise RepairError("the new file's number of rows differs")
    for start in range(0, rows, BLOCK_ROWS):
        if not one.slice(start, BLOCK_ROWS).collect().equals(
            other.slice(start, BLOCK_ROWS).collect()
        ):  # fmt: skip
            raise RepairError(f"the new file's values differ from row {start:,} on")


def _parquet_files(path: Path) -> Iterator[Path]:
    files = [path] if path.is_file() else sorted(path.rglob("*"))[:MOST_FILES]
    for file in files:
        if not file.is_symlink() and file.is_file() and _is_parquet(file):
            yield file


def _is_parquet(file: Path) -> bool:
    try:
        with file.open("rb") as stream:
            return stream.read(4) == b"PAR1"
    except OSError:
        # told as one that cannot be read where it claims to be one
        return file.suffix == ".parquet"
