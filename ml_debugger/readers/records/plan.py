"""Plans of splits: the windows of each fold, without the accuracies that a run gave them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ml_debugger.artifacts import Split, Window
from ml_debugger.readers.head import Head
from ml_debugger.readers.reader import Reader, Reading, Unreadable
from ml_debugger.readers.records.document import load, sketch
from ml_debugger.readers.records.figures import figures, first, plain, whole
from ml_debugger.readers.records.windows import shuffled, windows

FOLDS = ("folds", "splits", "windows", "walk_forward", "walk_forward_folds", "cv_folds", "periods")
HORIZON = (
    "horizon", "forecast_horizon", "prediction_horizon", "horizon_days", "horizon_sessions",
    "target_horizon", "label_horizon",
)  # fmt: skip
LOOKBACK = ("lookback", "sequence_length", "seq_len", "window_size", "lookback_window")
PURGE = ("purge", "purge_gap", "purge_days", "gap")
MOST_FOLDS = 10_000


def plan_of(
    folds: Sequence[Mapping[str, Any]], settings: Mapping[str, Any], subject: str, path: str
) -> Split | None:
    """The split that folds of windows form, None where a fold has no two parts.

    What holds for all folds may stand in `settings` or in each fold.
    """
    found: list[Window] = []
    for position, fold in enumerate(folds[:MOST_FOLDS]):
        number = whole(first(figures(fold), ("fold", "fold_id", "number", "index", "split")))
        parts = windows(fold, position if number is None else number)
        if len(parts) < 2:
            if found and position == len(folds) - 1:
                # the head of a long file ends within its last fold
                break
            return None
        found.extend(parts)
    if not found:
        return None
    stated = [figures(settings), *(figures(fold) for fold in folds[:1])]

    def told(names: Sequence[str]) -> int | None:
        numbers = (whole(first(one, names)) for one in stated)
        return next((number for number in numbers if number is not None), None)

    return Split(
        subject,
        path,
        windows=tuple(found),
        horizon=told(HORIZON),
        lookback=told(LOOKBACK),
        purge=told(PURGE),
        shuffled=shuffled(settings),
    )


def _plan(document: Any, shown: str) -> Split | None:
    """A list of folds, an object that holds one, or an object with the windows of one split."""
    if isinstance(document, list):
        return plan_of(document, {}, shown, shown) if _objects(document) else None
    if not isinstance(document, Mapping) or str(document.get("schema", "")).startswith("ml-"):
        return None
    spelled = {plain(str(key)): value for key, value in document.items()}
    for name in FOLDS:
        folds = spelled.get(name)
        if isinstance(folds, Mapping):
            folds = list(folds.values())
        if isinstance(folds, list) and _objects(folds):
            plan = plan_of(folds, document, shown, shown)
            if plan is not None:
                return plan
    return plan_of([document], document, shown, shown)


def _objects(values: list[Any]) -> bool:
    return bool(values) and all(isinstance(value, Mapping) for value in values)


def recognise(head: Head) -> str | None:
    """Dated windows of training and test, by fold or once."""
    return "split-plan" if _plan(sketch(head), head.shown) is not None else None


def read(head: Head, kind: str) -> Reading:  # noqa: ARG001  one kind only
    """The split that the file plans."""
    plan = _plan(load(head), head.shown)
    if plan is None:
        raise Unreadable("holds no windows of training and test")
    return Reading([plan])


READER = Reader("split-plan", recognise, read)
