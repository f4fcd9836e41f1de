"""Splits: which part, train, validation or test, each row of a table stands in."""

from __future__ import annotations

from datetime import date

import polars as pl

from ml_debugger.artifacts import Split, Window
from ml_debugger.readers.tables.columns import first_named
from ml_debugger.readers.tables.features import is_label, label_horizon
from ml_debugger.readers.tables.keys import Keys
from ml_debugger.readers.tables.table import Table

PART = ("split", "part", "subset", "partition", "set", "dataset", "data_split", "sample", "fold")
FOLD = ("fold", "fold_id", "cv_fold", "walk", "window", "iteration")
PARTS = {
    "train": "train",
    "training": "train",
    "tr": "train",
    "is": "train",
    "in_sample": "train",
    "validation": "validation",
    "valid": "validation",
    "val": "validation",
    "dev": "validation",
    "eval": "validation",
    "test": "test",
    "testing": "test",
    "te": "test",
    "holdout": "test",
    "oos": "test",
    "out_of_sample": "test",
}
_SESSIONS = 50_000


def split_of(table: Table, keys: Keys) -> Split | None:
    """The split that a table records row by row, or None when it records none.

    `horizon` is what a column of that name or the only label's name says.
    """
    if keys.time is None:
        return None
    part = next(
        (c for c in (first_named(table.columns, (name,)) for name in PART) if _parts(table, c)),
        None,
    )
    if part is None:
        return None
    fold = first_named([c for c in table.columns if c != part], FOLD)
    if fold is not None and not table.schema[fold].is_integer():
        fold = None
    named = pl.col(part).cast(pl.String).str.strip_chars().str.to_lowercase()
    rows = table.frame.select(
        keys.time.expression.alias("time"),
        (pl.col(keys.ticker).cast(pl.String) if keys.ticker else pl.lit("")).alias("ticker"),
        (pl.col(fold) if fold else pl.lit(None, pl.Int64)).alias("fold"),
        named.replace_strict(PARTS, default=None, return_dtype=pl.String).alias("part"),
    ).drop_nulls(["time", "part"])
    windows = _windows(rows)
    if len({window.part for window in windows}) < 2:
        return None
    shared = (
        rows.group_by("fold", "ticker", "time")
        .agg(pl.col("part").n_unique().alias("parts"))
        .select((pl.col("parts") > 1).sum())
        .collect(engine="streaming")
        .item()
    )
    days = rows.select(pl.col("time").cast(pl.Date).unique().sort()).head(_SESSIONS + 1).collect()
    sessions: tuple[date, ...] = tuple(days["time"].to_list()) if len(days) <= _SESSIONS else ()
    return Split(
        subject=table.subject,
        path=table.shown,
        windows=windows,
        horizon=_horizon(table),
        lookback=None,
        purge=None,
        shared_rows=int(shared),
        sessions=sessions,
    )


def _parts(table: Table, column: str | None) -> bool:
    if column is None or table.schema[column] not in (pl.String, pl.Categorical, pl.Enum):
        return False
    values = table.sample[column].drop_nulls().cast(pl.String).str.strip_chars().str.to_lowercase()
    return len(values) > 0 and set(values.unique().to_list()) <= PARTS.keys()


def _windows(rows: pl.LazyFrame) -> tuple[Window, ...]:
    table = (
        rows.group_by("fold", "part")
        .agg(
            pl.col("time").min().alias("start"),
            pl.col("time").max().alias("end"),
            pl.len().alias("rows"),
        )
        .sort("fold", "start", "part", nulls_last=True)
        .collect(engine="streaming")
    )
    return tuple(
        Window(
            part=row["part"], fold=row["fold"], start=row["start"], end=row["end"], rows=row["rows"]
        )
        for row in table.iter_rows(named=True)
    )


def _horizon(table: Table) -> int | None:
    column = first_named(table.columns, ("horizon",))
    if column is not None and table.schema[column].is_integer():
        values = table.sample[column].drop_nulls().unique().to_list()
        return max(values) if values else None
    claimed = [label_horizon(name) for name in table.columns if is_label(name)]
    return claimed[0] if len(claimed) == 1 else None
