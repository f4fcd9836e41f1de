"""The files of a partitioned folder, scanned together: all at once where all are alike and sound.

Thousands of small files cost most by being opened, so a file is opened once: the pass that
decodes all of them also tells whether they are sound and alike. Only when it fails are they looked
at one by one.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import polars as pl

from ml_debugger.readers.reader import Unreadable
from ml_debugger.readers.tables.columns import TICKER, normal
from ml_debugger.readers.tables.damage import POLARS_ERRORS, sentence

HELD_BYTES = 192 * 2**20
"""Folders up to this size are decoded once and kept; beyond it every pass reads them anew, and
damage is looked for when a check meets it."""
THREADS = 8

Schema = Mapping[str, pl.DataType]


@dataclass
class Together:
    """All sound files as one frame. `frame` is lazy; `held` when its rows are in memory.

    `lost` says by file why it was left out; `schemas` gives columns and types by file.
    """

    frame: pl.LazyFrame
    held: bool
    schemas: Mapping[str, Schema]
    lost: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Partitions:
    """The files of a folder, by their names below it, and the columns that folder names hold."""

    folder: Path
    files: tuple[str, ...]
    size: int

    @cached_property
    def keys(self) -> dict[str, pl.DataType]:
        """The columns that names of folders hold, and their types; tickers stay text."""
        values: dict[str, set[str]] = {}
        for file in self.files:
            for key, value in named_values(file):
                values.setdefault(key, set()).add(value)
        return {
            key: pl.Int64()
            if normal(key) not in TICKER and all(v.isdigit() and len(v) < 9 for v in held)
            else pl.String()
            for key, held in values.items()
        }

    def open(self, *, suspect: bool = False) -> Together:
        """Scan all files together; raises Unreadable where none is sound.

        Every page is decoded where the rows are few or damage is suspected.
        """
        try:
            return self._alike(suspect=suspect)
        except POLARS_ERRORS:
            return self._one_by_one(suspect=suspect)

    def _alike(self, *, suspect: bool) -> Together:
        frame = self._scan(self.files)
        schema = frame.collect_schema()
        keys = self.keys
        known = {c: kind for c, kind in schema.items() if c not in keys}
        frame, held = self._decoded(frame, suspect=suspect)
        return Together(frame, held, dict.fromkeys(self.files, known))

    def _decoded(self, frame: pl.LazyFrame, *, suspect: bool) -> tuple[pl.LazyFrame, bool]:
        """Decode every page, and keep the rows where they are few; damage raises."""
        if self.size <= HELD_BYTES:
            # thousands of small chunks would make every later step slow
            return frame.collect(engine="streaming").rechunk().lazy(), True
        if suspect:
            frame.select(pl.all().null_count()).collect(engine="streaming")
        return frame, False

    def _one_by_one(self, *, suspect: bool) -> Together:
        """Leave out what is damaged and bring the rest to common types."""
        lost: dict[str, str] = {}
        schemas: dict[str, Schema] = {}
        with ThreadPoolExecutor(THREADS) as pool:
            for file, found in zip(self.files, pool.map(self._schema, self.files), strict=True):
                if isinstance(found, str):
                    lost[file] = found
                else:
                    schemas[file] = found
        groups: dict[tuple[tuple[str, str], ...], list[str]] = {}
        for file, schema in schemas.items():
            groups.setdefault(tuple((c, str(k)) for c, k in schema.items()), []).append(file)
        if suspect or self.size <= HELD_BYTES:
            for group in groups.values():
                for file, why in self._damaged(group):
                    lost[file] = why
                    del schemas[file]
        if not schemas:
            first, why = next(iter(lost.items()))
            raise Unreadable(f"every partition is damaged; {first}: {why}")
        types: dict[str, pl.DataType] = {}
        for schema in schemas.values():
            for column, kind in schema.items():
                types[column] = _wider(types.get(column), kind)
        parts = [
            self._part([f for f in group if f in schemas], types)
            for group in groups.values()
            if any(f in schemas for f in group)
        ]
        frame, held = self._decoded(pl.concat(parts, how="vertical"), suspect=False)
        return Together(frame, held, schemas, lost)

    def _schema(self, file: str) -> Schema | str:
        try:
            return pl.read_parquet_schema(self.folder / file)
        except POLARS_ERRORS as error:
            return sentence(error)

    def _damaged(self, files: Sequence[str]) -> list[tuple[str, str]]:
        """The files that cannot be decoded, found by halving, and why."""
        try:
            scan = pl.scan_parquet(
                [self.folder / file for file in files], glob=False, hive_partitioning=False
            )
            scan.select(pl.all().null_count()).collect(engine="streaming")
        except POLARS_ERRORS as error:
            if len(files) == 1:
                return [(files[0], sentence(error))]
            middle = len(files) // 2
            return [*self._damaged(files[:middle]), *self._damaged(files[middle:])]
        return []

    def _scan(self, files: Sequence[str]) -> pl.LazyFrame:
        """Files that are partitioned alike, with the columns that names of folders hold."""
        root = os.fspath(self.folder.resolve())
        above = {key: pl.String() for key, _ in named_values(f"{root}/")}
        paths = [f"{root}/{file}" for file in files]
        keys = dict.fromkeys(key for file in files[:1] for key, _ in named_values(file))
        scan = pl.scan_parquet(
            paths,
            glob=False,
            hive_partitioning=bool(keys),
            hive_schema={**above, **{key: self.keys[key] for key in keys}} if keys else None,
        )
        return scan.drop([key for key in above if key not in keys], strict=False)

    def _part(self, files: Sequence[str], types: Schema) -> pl.LazyFrame:
        """Files of one schema, brought to the types of all."""
        depths: dict[tuple[str, ...], list[str]] = {}
        for file in files:
            depths.setdefault(tuple(key for key, _ in named_values(file)), []).append(file)
        keys = self.keys
        parts = []
        for named, members in depths.items():
            scan = self._scan(members)
            have = scan.collect_schema()
            columns = [
                (pl.col(c).cast(kind, strict=False) if c in have else pl.lit(None, kind)).alias(c)
                for c, kind in types.items()
                if c not in keys
            ]
            columns += [
                (pl.col(key) if key in named else pl.lit(None)).cast(kind).alias(key)
                for key, kind in keys.items()
            ]
            parts.append(scan.select(columns))
        return pl.concat(parts, how="vertical")


def named_values(file: str) -> list[tuple[str, str]]:
    """Columns and values in the names of the folders above a file: `year=2020/part.parquet`."""
    parts = (part.partition("=") for part in file.split("/")[:-1])
    return [(key, value) for key, equals, value in parts if equals and key]


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
