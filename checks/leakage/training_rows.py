"""Which rows of a feature table a model was trained on: stated, by the file's name, or guessed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import groupby
from pathlib import PurePath
from typing import TYPE_CHECKING

from ml_debugger.artifacts import FeatureTable, Split, Window

if TYPE_CHECKING:
    import polars as pl

GUESSES = (0.5, 0.6, 0.7, 0.8, 0.9)
"""Shares of the time that training parts usually take, from its beginning."""
MOST_FOLDS = 12
PART = "\x1fpart"
_ROLES = {
    "train": "train",
    "training": "train",
    "insample": "train",
    "test": "test",
    "testing": "test",
    "holdout": "test",
    "oos": "test",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
    "dev": "validation",
    "eval": "validation",
}


@dataclass(frozen=True)
class TrainingRows:
    """The rows at hand, and those of them that trained.

    `frame` holds all rows at hand. `filters` are true on the training rows, one filter a fold,
    or one for each plausible cut where nothing is stated. `stated` tells these apart. `role` is
    the part that the file's name says it holds, None where it says none.
    """

    frame: pl.LazyFrame = field(repr=False)
    columns: tuple[str, ...]
    filters: tuple[pl.Expr, ...]
    stated: bool
    words: str
    role: str | None = None


def training_rows(features: FeatureTable, split: Split | None) -> TrainingRows:
    """What is known of the training rows of a table, most certain first."""
    role = file_role(features)
    if split is not None and features in split.tables.values():
        role = next(part for part, table in split.tables.items() if table is features)
        if role == "train":
            return _over_files(features, split)
    elif split is not None:
        found = _by_column(features, split) or _by_windows(features, split)
        if found:
            words = f"the training rows of {split.subject}"
            return TrainingRows(features.frame, features.features, found, True, words, role)
    if role is not None:
        words = f"the {role} rows, as its name says"
        return TrainingRows(features.frame, features.features, (), True, words, role)
    frame, cuts = _guessed(features)
    return TrainingRows(frame, features.features, cuts, False, "any first 50 to 90 %")


def file_role(features: FeatureTable) -> str | None:
    """The part that a file's or its folder's name says it holds; None where it says none."""
    path = PurePath(features.path or features.subject)
    for name in (path.stem, path.parent.name):
        for word in re.split(r"[^a-z]+", name.lower()):
            if word in _ROLES:
                return _ROLES[word]
    return None


def _over_files(features: FeatureTable, split: Split) -> TrainingRows:
    """The rows of all parts together, each with its part."""
    import polars as pl

    tables = split.tables
    common = tuple(c for c in features.features if all(c in t.features for t in tables.values()))
    keys = [key for key in (features.ticker, features.time) if key is not None]
    parts = []
    for part, table in tables.items():
        own = table.frame.collect_schema()
        kept = [c for c in (*keys, *common) if c in own]
        parts.append(table.frame.select(*kept, pl.lit(part).alias(PART)))
    frame = pl.concat(parts, how="diagonal_relaxed")
    trained = pl.col(PART) == "train"
    return TrainingRows(frame, common, (trained,), True, f"the rows of {features.subject}", "train")


def _by_column(features: FeatureTable, split: Split) -> tuple[pl.Expr, ...]:
    import polars as pl

    if split.column is None or split.path != features.path or not _has(features, split.column):
        return ()
    value = pl.col(split.column).cast(pl.String).str.strip_chars().str.to_lowercase()
    trained = [name for name, part in split.column_parts.items() if part == "train"]
    return (value.is_in(trained).fill_null(value=False),) if trained else ()


def _by_windows(features: FeatureTable, split: Split) -> tuple[pl.Expr, ...]:
    """One filter a fold: all its training windows."""
    if features.time is None:
        return ()
    windows = [w for w in split.windows if w.part == "train"]
    windows.sort(key=lambda w: -1 if w.fold is None else w.fold)
    folds = [list(group) for _, group in groupby(windows, key=lambda w: w.fold)]
    step = max(1, -(-len(folds) // MOST_FOLDS))
    return tuple(_inside(features.time, fold) for fold in folds[::step])


def _inside(time: str, windows: Sequence[Window]) -> pl.Expr:
    import polars as pl

    inside = pl.lit(value=False)
    for window in windows:
        moment = pl.col(time).cast(pl.Date)
        inside |= moment.is_between(_day(window.start), _day(window.end))
    return inside.fill_null(value=False)


def _guessed(features: FeatureTable) -> tuple[pl.LazyFrame, tuple[pl.Expr, ...]]:
    """The first rows by time, or in the order of the file where it has no time."""
    import polars as pl

    if features.time is not None:
        time = pl.col(features.time)
        cuts = (
            features.frame.select(
                time.to_physical().quantile(share).alias(str(share)) for share in GUESSES
            )
            .collect(engine="streaming")
            .row(0)
        )
        return features.frame, tuple(time.to_physical() <= cut for cut in cuts if cut is not None)
    row = "\x1frow"
    frame = features.frame.with_row_index(row)
    return frame, tuple(pl.col(row) < int(share * features.rows) for share in GUESSES)


def _has(features: FeatureTable, column: str) -> bool:
    return column in features.frame.collect_schema()


def _day(moment: date | datetime) -> date:
    return moment.date() if isinstance(moment, datetime) else moment
