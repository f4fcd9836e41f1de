"""Walk-forward windows, purged and embargoed, counted in sessions.

A label of horizon h at session t is known at t + h. Unless h sessions lie between two windows,
labels of the earlier one are built from prices of the later one (M. Lopez de Prado, Advances in
Financial Machine Learning, 2018, chapter 7). The embargo is a further distance, for what is left
of the dependence.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, TypeAlias

from ml_debugger.errors import UsageError

Mode: TypeAlias = Literal["anchored", "rolling"]
"""Anchored windows train on everything from the first session on; rolling ones forget."""

Session: TypeAlias = date | datetime

FIRST_TRAIN_SHARE = 0.4
"""Share of all sessions that the first fold trains on, and every fold of a rolling run."""

_SMALLEST_WINDOW = 5


@dataclass(frozen=True, slots=True)
class Window:
    """A span of sessions; both ends belong to it."""

    start: Session
    end: Session


@dataclass(frozen=True, slots=True)
class Fold:
    """One walk-forward step: fit on train, stop early by validation, score on test."""

    number: int
    train: Window
    validation: Window
    test: Window


def walk_forward(
    sessions: Sequence[Session],
    horizon: int,
    *,
    folds: int = 4,
    mode: Mode = "anchored",
    purge: int | None = None,
    embargo: int = 5,
) -> list[Fold]:
    """Cuts sorted, distinct sessions into folds.

    At least ``purge + embargo`` sessions lie between train and validation, and between validation
    and test. Test windows follow each other without a gap, do not overlap, and end with the last
    session; the validation window is as long as a test window. ``purge`` is ``horizon`` by
    default.

    Raises ``UsageError`` if ``purge`` is shorter than ``horizon``, or if there are too few
    sessions for windows of at least 5.
    """
    purge = horizon if purge is None else purge
    if purge < horizon:
        raise UsageError(
            f"purge of {purge} sessions is shorter than the horizon of {horizon}: "
            "labels of one window would be built from prices of the next"
        )
    if folds < 1 or embargo < 0 or horizon < 1:
        raise UsageError("folds and horizon must be 1 or more, embargo 0 or more")
    gap = purge + embargo
    first_train = int(len(sessions) * FIRST_TRAIN_SHARE)
    size = (len(sessions) - first_train - 2 * gap) // (folds + 1)
    if size < _SMALLEST_WINDOW or first_train < _SMALLEST_WINDOW:
        needed = ((folds + 1) * _SMALLEST_WINDOW + 2 * gap) / (1 - FIRST_TRAIN_SHARE)
        raise UsageError(
            f"{len(sessions)} sessions are too few for {folds} folds at horizon {horizon} with a "
            f"gap of {gap}: about {int(needed) + 1} are needed"
        )

    def window(start: int, stop: int) -> Window:
        return Window(sessions[start], sessions[stop - 1])

    result = []
    for number in range(folds):
        test = len(sessions) - (folds - number) * size
        validation = test - gap - size
        train_stop = validation - gap
        train = 0 if mode == "anchored" else train_stop - first_train
        result.append(
            Fold(
                number,
                window(train, train_stop),
                window(validation, validation + size),
                window(test, test + size),
            )
        )
    return result
