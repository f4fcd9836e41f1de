"""A hive-partitioned folder of Parquet files, read as one table."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from ml_debugger.readers.reader import Reading, Unreadable
from ml_debugger.readers.tables.classify import artifacts_of
from ml_debugger.readers.tables.columns import TICKER, normal
from ml_debugger.readers.tables.damage import POLARS_ERRORS, sentence, unreadable
from ml_debugger.readers.tables.table import open_frame

MAX_FILES = 20_000


def is_dataset(folder: Path) -> bool:
    """Whether a folder is partitioned: it holds folders named `column=value`."""
    return any("=" in child.name[1:] and child.is_dir() for child in folder.iterdir())


def read_dataset(folder: Path, shown: str) -> Reading:
    """Read `year=2020/ticker=AAPL/part-0.parquet` and the like as one table.

    Damaged files are left out and named in the problem. Columns that only some files have are
    null elsewhere; the columns and types of every file go into `FeatureTable.schemas`.
    """
    files = sorted(p for p in folder.rglob("*.parquet") if _inside(p, folder))
    if not files:
        raise Unreadable("a partitioned folder without a Parquet file")
    if len(files) > MAX_FILES:
        raise Unreadable(f"more than {MAX_FILES:,} partition files: point at a part of them")
    sound: list[Path] = []
    damaged: list[str] = []
    schemas: dict[str, dict[str, str]] = {}
    types: dict[str, pl.DataType] = {}
    for file in files:
        name = file.relative_to(folder).as_posix()
        try:
            schema = pl.read_parquet_schema(file)
        except POLARS_ERRORS as error:
            damaged.append(f"{name}: {sentence(error)}")
            continue
        sound.append(file)
        schemas[name] = {column: str(kind) for column, kind in schema.items()}
        for column, kind in schema.items():
            types[column] = _wider(types.get(column), kind)
    if not sound:
        raise Unreadable(f"every partition is damaged; {damaged[0]}")
    keys = _keys(sound, folder)
    with unreadable("the partitions cannot be read together"):
        frame = pl.concat([_part(file, folder, types, keys) for file in sound], how="vertical")
        table = open_frame(frame, shown=shown, stem=folder.name, keys=tuple(keys), schemas=schemas)
        found = artifacts_of(table)
    problem = None
    if damaged:
        problem = f"{len(damaged)} of {len(files)} partitions left out: {damaged[0]}"
    return Reading(found, problem)


def _inside(file: Path, folder: Path) -> bool:
    parts = file.relative_to(folder).parts
    return file.is_file() and not any(part.startswith((".", "_")) for part in parts)


def _keys(files: list[Path], folder: Path) -> dict[str, pl.DataType]:
    """The columns that folder names hold, and their types; tickers stay text."""
    values: dict[str, set[str]] = {}
    for file in files:
        for part in file.relative_to(folder).parts[:-1]:
            key, equals, value = part.partition("=")
            if equals:
                values.setdefault(key, set()).add(value)
    return {
        key: pl.Int64()
        if normal(key) not in TICKER and all(v.isdigit() and len(v) < 9 for v in held)
        else pl.String()
        for key, held in values.items()
    }


def _part(
    file: Path, folder: Path, types: dict[str, pl.DataType], keys: dict[str, pl.DataType]
) -> pl.LazyFrame:
    have = pl.read_parquet_schema(file)
    named = dict(part.split("=", 1) for part in file.relative_to(folder).parts[:-1] if "=" in part)
    columns = [
        (pl.col(c).cast(kind, strict=False) if c in have else pl.lit(None, kind)).alias(c)
        for c, kind in types.items()
        if c not in keys
    ]
    columns += [pl.lit(named.get(key)).cast(kind).alias(key) for key, kind in keys.items()]
    return pl.scan_parquet(file, glob=False, hive_partitioning=False).select(columns)


def _wider(known: pl.DataType | None, kind: pl.DataType) -> pl.DataType:
    """A type that holds the values of both."""
    if known is None or known == kind or known == pl.Null():
        return kind
    if kind == pl.Null():
        return known
    if known.is_numeric() and kind.is_numeric():
        both_whole = known.is_integer() and kind.is_integer()
        return pl.Int64() if both_whole else pl.Float64()
    if known.is_temporal() and kind.is_temporal():
        return pl.Datetime("us")
    return pl.String()
