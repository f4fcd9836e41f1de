"""Splits: which part, train, validation or test, each row of a table stands in."""

from __future__ import annotations

from datetime import date

import polars as pl

from ml_debugger.artifacts import Split, Window
from ml_debugger.readers.tables.columns import first_named, normal
from ml_debugger.readers.tables.features import is_label, label_horizon
from ml_debugger.readers.tables.keys import Keys
from ml_debugger.readers.tables.table import Table

PART = ("split", "part", "subset", "partition", "set", "dataset", "data_split", "sample", "fold")
FOLD = ("fold", "fold_id", "cv_fold", "kfold", "k_fold", "walk", "window", "iteration")
HELD_OUT = ("fold", "fold_id", "cv_fold", "kfold", "k_fold")
"""Of these, the names of columns that number the fold in which a row is held out."""
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
LEFT_OUT = frozenset(
    {"purge", "purged", "embargo", "embargoed", "gap", "unused", "none", "drop", "dropped"}
    | {"exclude", "excluded", "ignore", "ignored", "warmup", ""}
)
"""What rows are called that stand in no part."""

FLAGS = {
    "is_train": ("train", "test"),
    "is_training": ("train", "test"),
    "in_train": ("train", "test"),
    "train_flag": ("train", "test"),
    "train_mask": ("train", "test"),
    "is_in_sample": ("train", "test"),
    "is_test": ("test", "train"),
    "in_test": ("test", "train"),
    "test_flag": ("test", "train"),
    "test_mask": ("test", "train"),
    "is_oos": ("test", "train"),
    "is_holdout": ("test", "train"),
    "is_val": ("validation", "train"),
    "is_valid": ("validation", "train"),
    "is_validation": ("validation", "train"),
}
"""Columns of yes and no, and the parts that these stand for."""

_YES, _NO = ("true", "1", "1.0", "yes"), ("false", "0", "0.0", "no")
MOST_FOLDS = 100
_SESSIONS = 50_000


def split_of(table: Table, keys: Keys) -> Split | None:
    """The split that a table records row by row, or None when it records none.

    A column of parts, a column of yes and no, or a column that numbers the fold in which each
    row is held out. `horizon` is what a column of that name or the only label's name says.
    """
    if keys.time is None:
        return None
    part, meanings = _part_column(table)
    fold = first_named([c for c in table.columns if c != part], FOLD)
    if fold is not None and not table.schema[fold].is_integer():
        fold = None
    if part is None and (fold is None or normal(fold) not in HELD_OUT):
        return None
    rows = _rows(table, keys, part, meanings, fold)
    if part is None and not _held_out_by_fold(rows):
        return None
    windows = _windows(rows)
    if part is not None and len({window.part for window in windows}) < 2:
        return None
    # rows in no part are sessions all the same: that is where a purge lies
    every = table.frame.select(keys.time.expression.cast(pl.Date).alias("day"))
    days = every.drop_nulls().unique().sort("day").head(_SESSIONS + 1).collect()
    sessions: tuple[date, ...] = tuple(days["day"].to_list()) if len(days) <= _SESSIONS else ()
    return Split(
        subject=table.subject,
        path=table.shown,
        windows=windows,
        horizon=_horizon(table),
        lookback=None,
        purge=None,
        shared_rows=shared_rows(rows),
        sessions=sessions,
        members=rows,
        column=part,
        column_parts=meanings,
    )


def shared_rows(rows: pl.LazyFrame) -> int:
    """The number of rows (fold, ticker and time) that stand in more than one part."""
    return int(
        rows.group_by("fold", "ticker", "time")
        .agg(pl.col("part").n_unique().alias("parts"))
        .select((pl.col("parts") > 1).sum())
        .collect(engine="streaming")
        .item()
    )


def _rows(
    table: Table, keys: Keys, part: str | None, meanings: dict[str, str], fold: str | None
) -> pl.LazyFrame:
    """Fold, ticker, time and part of each row that stands in a part."""
    if keys.time is None:
        raise ValueError("a split needs times")
    named = pl.lit("test")
    if part is not None:
        named = _plain(part).replace_strict(meanings, default=None, return_dtype=pl.String)
    return table.frame.select(
        keys.time.expression.alias("time"),
        (pl.col(keys.ticker).cast(pl.String) if keys.ticker else pl.lit("")).alias("ticker"),
        (pl.col(fold).cast(pl.Int64) if fold else pl.lit(None, pl.Int64)).alias("fold"),
        named.alias("part"),
    ).drop_nulls(["time", "part"])


def _held_out_by_fold(rows: pl.LazyFrame) -> bool:
    """Whether a column without parts numbers folds: several, and each row in one of them."""
    folds, twice = (
        rows.select(
            pl.col("fold").n_unique().alias("folds"),
            pl.struct("ticker", "time").is_duplicated().sum().alias("twice"),
        )
        .collect()
        .row(0)
    )
    smallest = rows.group_by("fold").len("rows").select(pl.col("rows").min()).collect().item()
    return bool(2 <= folds <= MOST_FOLDS and twice == 0 and smallest >= 2)


def _part_column(table: Table) -> tuple[str | None, dict[str, str]]:
    """The column that tells each row's part, and what its values mean."""
    for name in PART:
        column = first_named(table.columns, (name,))
        if _parts(table, column):
            return column, dict(PARTS)
    for name, (yes, no) in FLAGS.items():
        column = first_named(table.columns, (name,))
        if column is not None and _is_flag(table, column):
            return column, dict.fromkeys(_YES, yes) | dict.fromkeys(_NO, no)
    return None, {}


def _plain(column: str) -> pl.Expr:
    return pl.col(column).cast(pl.String).str.strip_chars().str.to_lowercase()


def _is_flag(table: Table, column: str) -> bool:
    values = table.sample[column].drop_nulls().cast(pl.String).str.to_lowercase()
    return len(values) > 0 and set(values.unique().to_list()) <= {*_YES, *_NO}


def _parts(table: Table, column: str | None) -> bool:
    if column is None or table.schema[column] not in (pl.String, pl.Categorical, pl.Enum):
        return False
    values = table.sample[column].drop_nulls().cast(pl.String).str.strip_chars().str.to_lowercase()
    found = set(values.unique().to_list())
    return found <= PARTS.keys() | LEFT_OUT and bool(found & PARTS.keys())


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
