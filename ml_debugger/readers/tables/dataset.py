"""A hive-partitioned folder of Parquet files, read as one table."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import unquote

import polars as pl

from ml_debugger.readers.reader import Reading, Unreadable
from ml_debugger.readers.tables.classify import artifacts_of
from ml_debugger.readers.tables.damage import unreadable
from ml_debugger.readers.tables.partitions import Partitions, Schema, Together, named_values
from ml_debugger.readers.tables.table import open_frame

MAX_FILES = 20_000
NULL = "__HIVE_DEFAULT_PARTITION__"


def is_dataset(folder: Path) -> bool:
    """Whether a folder is partitioned: it holds folders named `column=value`."""
    return any("=" in child.name[1:] and child.is_dir() for child in folder.iterdir())


def read_dataset(folder: Path, shown: str, *, suspect: bool = False) -> Reading:
    """Read `year=2020/ticker=AAPL/part-0.parquet` and the like as one table.

    Damaged files are left out and named in `Reading.lost`. Columns that only some files have are
    null elsewhere; the columns and types of every file go into `FeatureTable.schemas`, and what
    differs in price columns into `PriceTable.differing`. Partitions without rows are named in
    `PriceTable.empty`.
    """
    partitions, named = _walk(folder)
    if not partitions.files:
        raise Unreadable("a partitioned folder without a Parquet file")
    if len(partitions.files) > MAX_FILES:
        raise Unreadable(f"more than {MAX_FILES:,} partition files: point at a part of them")
    with unreadable("the partitions cannot be read together"):
        together = partitions.open(suspect=suspect)
        keys = tuple(partitions.keys)
        table = open_frame(
            together.frame,
            shown=shown,
            stem=folder.name,
            keys=keys,
            schemas=_as_text(together.schemas),
            differing=_differing(together.schemas),
            empty=_empty(together, keys, named),
            held=together.held,
            typed=True,
        )
        found = artifacts_of(table)
    problem = None
    if together.lost:
        first, why = next(iter(together.lost.items()))
        count = f"{len(together.lost):,} of {len(partitions.files):,} partitions"
        problem = f"{count} left out: {first}: {why}"
    elif not table.rows:
        problem = f"none of its {len(partitions.files):,} files holds a row"
    lost = {f"{shown}/{file}": why for file, why in together.lost.items()}
    return Reading(found, problem, lost=lost)


def _walk(folder: Path) -> tuple[Partitions, frozenset[tuple[str, str]]]:
    """The Parquet files below a folder, and all columns and values that its folders are named."""
    files: list[str] = []
    size = 0
    named: set[tuple[str, str]] = set()
    waiting = [""]
    while waiting and len(files) <= MAX_FILES:
        below = waiting.pop()
        deeper = []
        with os.scandir(folder / below) as entries:
            for entry in entries:
                if entry.name.startswith((".", "_")):
                    continue
                if entry.is_dir(follow_symlinks=False):
                    deeper.append(f"{below}{entry.name}/")
                elif entry.name.endswith(".parquet") and entry.is_file():
                    files.append(f"{below}{entry.name}")
                    size += entry.stat().st_size
        for place in deeper:
            named.update(named_values(place))
        waiting += deeper
    return Partitions(folder, tuple(sorted(files)), size), frozenset(named)


def _empty(
    together: Together, keys: tuple[str, ...], named: frozenset[tuple[str, str]]
) -> tuple[str, ...]:
    """Values that folders are named after and that no row has, unless a damaged file holds them."""
    columns = [pl.col(key).unique().cast(pl.String).implode() for key in keys]
    if not columns:
        return ()
    held = together.frame.select(columns).collect(engine="streaming").row(0, named=True)
    rows = {(key, str(value)) for key in keys for value in held[key]}
    rows |= {pair for file in together.lost for pair in named_values(file)}
    return tuple(
        sorted(
            f"{key}={value}"
            for key, value in named
            if value != NULL
            and not {(key, value), (key, unquote(value)), _number(key, value)} & rows
        )
    )


def _number(key: str, value: str) -> tuple[str, str]:
    """`month=01` is read as the number 1."""
    return key, str(int(value)) if value.isdigit() else value


def _as_text(schemas: Mapping[str, Schema]) -> dict[str, Mapping[str, str]]:
    known: dict[int, Mapping[str, str]] = {}
    found = {}
    for file, schema in schemas.items():
        if id(schema) not in known:
            known[id(schema)] = {column: str(kind) for column, kind in schema.items()}
        found[file] = known[id(schema)]
    return found


def _differing(schemas: Mapping[str, Schema]) -> dict[str, Mapping[str, str]]:
    """By file and column what is unlike most files; a whole number is like any other number."""
    families: dict[int, Mapping[str, str]] = {}
    for schema in schemas.values():
        if id(schema) not in families:
            families[id(schema)] = {c: _family(k) for c, k in schema.items()}
    if len(families) < 2:
        return {}
    counts: dict[str, Counter[str]] = {}
    for schema in schemas.values():
        for column, family in families[id(schema)].items():
            counts.setdefault(column, Counter())[family] += 1
    found: dict[str, Mapping[str, str]] = {}
    for file, schema in schemas.items():
        have = families[id(schema)]
        odd: dict[str, str] = {}
        for column, counted in counts.items():
            usual, files = counted.most_common(1)[0]
            if column not in have:
                if files > len(schemas) / 2:
                    odd[column] = f"has no {column}"
            elif have[column] not in (usual, "null"):
                odd[column] = f"{column} is {have[column]}, elsewhere {usual}"
        if odd:
            found[file] = odd
    return found


def _family(kind: pl.DataType) -> str:
    if kind == pl.Null():
        return "null"
    if kind.is_numeric():
        return "a number"
    if kind.is_temporal():
        return "a date"
    return "text" if kind in (pl.String, pl.Categorical, pl.Enum) else str(kind)
