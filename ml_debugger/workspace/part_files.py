"""Splits whose parts are files of their own: train.csv beside test.csv, and the like."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import PurePath
from typing import TYPE_CHECKING

from ml_debugger.artifacts import Artifact, FeatureTable, Split, Window

if TYPE_CHECKING:
    import polars as pl

PARTS = {
    "train": "train",
    "training": "train",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
    "dev": "validation",
    "test": "test",
    "testing": "test",
    "holdout": "test",
    "oos": "test",
}
"""Words in a file's or folder's name that say which part it holds."""

COMMON = 0.8
"""Share of the training file's features that another file must have to be a part of the same."""

MOST_SESSIONS = 50_000
_WORD = re.compile(r"[a-z]+")


def part_files(artifacts: Sequence[Artifact]) -> list[Split]:
    """One split for each training file with other parts beside it.

    Files belong together when their paths differ in nothing but the word of the part, and hold
    the same features. Files without times are left alone: nothing tells their order.
    """
    groups: dict[str, dict[str, list[FeatureTable]]] = defaultdict(lambda: defaultdict(list))
    for artifact in artifacts:
        if not isinstance(artifact, FeatureTable) or artifact.path is None:
            continue
        named = _part_of(artifact.path)
        if named is not None and artifact.time is not None:
            groups[named[1]][named[0]].append(artifact)
    found = []
    for parts in groups.values():
        tables = {part: tables[0] for part, tables in parts.items() if len(tables) == 1}
        split = _split(_alike(tables))
        if split is not None:
            found.append(split)
    return found


def _part_of(path: str) -> tuple[str, str] | None:
    """The part that a path names, and the path without that word; None where it names none."""
    pure = PurePath(path)
    for level in (1, 2):
        if len(pure.parts) < level:
            break
        name = pure.parts[-level]
        for match in _WORD.finditer(name.lower()):
            part = PARTS.get(match[0])
            if part is not None:
                rest = name[: match.start()] + "\x1f" + name[match.end() :]
                below = pure.parts[len(pure.parts) - level + 1 :]
                return part, "/".join((*pure.parts[:-level], rest, *below))
    return None


def _alike(tables: Mapping[str, FeatureTable]) -> dict[str, FeatureTable]:
    """The tables that hold the features of the training table."""
    if "train" not in tables:
        return {}
    wanted = set(tables["train"].features)
    return {
        part: table
        for part, table in tables.items()
        if len(wanted & set(table.features)) >= COMMON * len(wanted)
    }


def _split(tables: dict[str, FeatureTable]) -> Split | None:
    import polars as pl

    if len(tables) < 2:
        return None
    train = tables["train"]
    try:
        rows = pl.concat([_rows(table, part) for part, table in tables.items()], how="vertical")
        ends = rows.group_by("part").agg(
            pl.col("time").min().alias("start"),
            pl.col("time").max().alias("end"),
            pl.len().alias("rows"),
        )
        windows = tuple(
            Window(row["part"], None, row["start"], row["end"], row["rows"])
            for row in ends.sort("start", "part").collect(engine="streaming").iter_rows(named=True)
            if row["start"] is not None
        )
        twice = rows.group_by("ticker", "time").agg(pl.col("part").n_unique().alias("parts"))
        shared = twice.select((pl.col("parts") > 1).sum()).collect(engine="streaming").item()
        days = rows.select(pl.col("time").cast(pl.Date).unique().sort()).head(MOST_SESSIONS + 1)
        sessions: list[date] = days.collect()["time"].to_list()
    except pl.exceptions.PolarsError:
        # a damaged table has no split to judge; its own reading reports the damage
        return None
    if len(windows) < 2:
        return None
    horizons = set(train.label_horizons.values())
    return Split(
        " + ".join(table.subject for table in tables.values()),
        train.path,
        windows=windows,
        horizon=horizons.pop() if len(horizons) == 1 else None,
        lookback=None,
        purge=None,
        shared_rows=int(shared),
        sessions=tuple(sessions) if len(sessions) <= MOST_SESSIONS else (),
        members=rows,
        tables=tables,
    )


def _rows(table: FeatureTable, part: str) -> pl.LazyFrame:
    import polars as pl

    ticker = pl.col(table.ticker).cast(pl.String) if table.ticker else pl.lit("")
    kind = table.frame.collect_schema()[table.time or ""]
    time = pl.col(table.time or "")
    if isinstance(kind, pl.Datetime) and kind.time_zone is not None:
        time = time.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
    return table.frame.select(
        time.cast(pl.Datetime("us")).alias("time"),
        ticker.alias("ticker"),
        pl.lit(None, pl.Int64).alias("fold"),
        pl.lit(part).alias("part"),
    ).drop_nulls("time")
