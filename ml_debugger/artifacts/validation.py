"""Validation records and the splits behind them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from ml_debugger.artifacts.base import Artifact


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
    """

    windows: tuple[Window, ...]
    horizon: int | None
    lookback: int | None
    purge: int | None
    shared_rows: int | None = None
    sessions: tuple[date, ...] = ()
