"""Validation records and the splits behind them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING

from ml_debugger.artifacts.base import Artifact

if TYPE_CHECKING:
    import polars as pl

    from ml_debugger.artifacts.tables import FeatureTable


@dataclass(frozen=True, slots=True)
class Fold:
    """One cell of a walk-forward. Accuracies are shares in [0, 1]; `wfe` is percent."""

    train_accuracy: float | None
    validation_accuracy: float | None
    test_accuracy: float | None
    wfe: float | None


@dataclass(frozen=True, eq=False)
class ValidationRecord(Artifact):
    """What a validation reported.

    Accuracies are directional, shares in [0, 1]. `wfe` is the recorded walk-forward efficiency
    in percent; None where the record says that it is undefined or does not mention it.
    `wfe_recorded` tells these two apart from a number.
    """

    model: str | None
    horizon: int | None
    folds: tuple[Fold, ...]
    train_accuracy: float | None
    validation_accuracy: float | None
    test_accuracy: float | None
    wfe: float | None
    wfe_recorded: bool
    test_rows: int | None = None
    trained_through: date | None = None


@dataclass(frozen=True, slots=True)
class Window:
    """A part of a split: first and last time (inclusive), and its rows where known."""

    part: str
    fold: int | None
    start: date | datetime
    end: date | datetime
    rows: int | None = None


@dataclass(frozen=True, eq=False)
class Split(Artifact):
    """The parts of one or several folds.

    `part` of a window is "train", "validation" or "test". `horizon` (sessions) is how far the
    labels reach, `lookback` (sessions) how far the windows of sequence models reach back.
    `purge` is the gap in sessions that the record claims. `gaps` holds, by fold and following
    part, the sessions between two neighbouring parts where the file has every session;
    `shared_rows` the number of rows (ticker and time) that stand in more than one part.
    `sessions` are the days that the data trades on, ascending, where known.

    Where each row's part is known, `members` is lazy with one row a row of the data: `fold`
    (integer or null), `ticker` (String or null), `time` (a time, or `Int64` for the row's
    position in its table) and `part`. `column` names the table's column that tells the part, and
    `column_parts` what its values mean, by value in lower case. `tables` holds the parts that
    are files of their own. `shuffled` is what the record itself says, None if it says nothing.
    """

    windows: tuple[Window, ...]
    horizon: int | None
    lookback: int | None
    purge: int | None
    shared_rows: int | None = None
    sessions: tuple[date, ...] = ()
    members: pl.LazyFrame | None = field(default=None, repr=False)
    column: str | None = None
    column_parts: Mapping[str, str] = field(default_factory=dict)
    tables: Mapping[str, FeatureTable] = field(default_factory=dict, repr=False)
    shuffled: bool | None = None
