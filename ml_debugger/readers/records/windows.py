"""The windows of a split as records write them, and the split they form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from ml_debugger.artifacts import Window
from ml_debugger.readers.records.figures import figures, first, moment, plain, whole

PARTS = {
    "train": ("train", "training", "in_sample"),
    "validation": ("validation", "val", "valid", "dev"),
    "test": ("test", "testing", "holdout", "hold_out", "oos", "out_of_sample"),
}
"""The parts of a split and the names that they go by."""

SPLITTERS = (
    "split", "splitter", "data_split", "train_test_split", "cv", "cross_validation",
    "validation_split", "split_config", "validation_scheme",
)  # fmt: skip
"""Keys under which a record says how it split; elsewhere a shuffle is that of batches."""

_METHOD = (
    "split_method", "split_type", "split_strategy", "split", "method", "strategy", "type", "kind",
    "splitter", "cv", "cross_validation",
)  # fmt: skip
_RANDOM = ("random", "shuffle", "shuffled", "random_split", "shuffle_split")
_SPANS = ("", "_window", "_period", "_range", "_dates", "_span")
_STARTS = ("start", "begin", "from", "start_date", "first", "first_date")
_ENDS = ("end", "stop", "to", "end_date", "last", "last_date")
_ROWS = ("rows", "samples", "n", "size", "n_rows", "n_samples", "count")


def windows(node: Mapping[str, Any], fold: int | None) -> list[Window]:
    """The parts of one fold that have a first and a last time, in the order of time of use."""
    spelled = {plain(str(key)): value for key, value in node.items()}
    found = []
    for part, names in PARTS.items():
        for name in names:
            window = _window(spelled, part, name, fold)
            if window is not None:
                found.append(window)
                break
    return found


def rows(node: Mapping[str, Any], part: str) -> int | None:
    """The number of rows that a record gives for a part, however it is written."""
    spelled = {plain(str(key)): value for key, value in node.items()}
    for name in PARTS[part]:
        inner = spelled.get(name)
        if isinstance(inner, Mapping):
            count = whole(first(figures(inner), _ROWS))
            if count is not None:
                return count
    flat = figures(node)
    keys = [f"{n}_{r}" for n in PARTS[part] for r in _ROWS] + [f"n_{n}" for n in PARTS[part]]
    count = whole(first(flat, keys))
    # a size of 1 or less is a share of the data, not a number of rows
    return count if count is not None and count > 1 else None


def shuffled(node: Mapping[str, Any]) -> bool | None:
    """Whether a record says that rows were shuffled before they were split; None if nothing."""
    spelled = {plain(str(key)): value for key, value in node.items()}
    for key in ("split_shuffle", "shuffle_split", "shuffle_before_split", "shuffled_split"):
        if isinstance(spelled.get(key), bool):
            return bool(spelled[key])
    inner = [spelled[key] for key in SPLITTERS if isinstance(spelled.get(key), Mapping)]
    for rules in inner:
        told = {plain(str(key)): value for key, value in rules.items()}
        if isinstance(told.get("shuffle"), bool):
            return bool(told["shuffle"])
        if any(plain(told[key]) in _RANDOM for key in _METHOD if isinstance(told.get(key), str)):
            return True
    named = (spelled[key] for key in _METHOD[:4] if isinstance(spelled.get(key), str))
    return True if any(plain(method) in _RANDOM for method in named) else None


def _window(spelled: Mapping[str, Any], part: str, name: str, fold: int | None) -> Window | None:
    for span in _SPANS:
        value = spelled.get(name + span)
        ends = _ends(value)
        if ends is not None:
            count = whole(first(figures(value), _ROWS)) if isinstance(value, Mapping) else None
            return _ordered(part, fold, *ends, count)
    start = next((spelled[f"{name}_{s}"] for s in _STARTS if f"{name}_{s}" in spelled), None)
    end = next((spelled[f"{name}_{e}"] for e in _ENDS if f"{name}_{e}" in spelled), None)
    first_time, last_time = moment(start), moment(end)
    if first_time is None or last_time is None:
        return None
    return _ordered(part, fold, first_time, last_time, None)


def _ends(value: Any) -> tuple[date | datetime, date | datetime] | None:
    pair: Sequence[Any] = ()
    if isinstance(value, Mapping):
        spelled = {plain(str(key)): item for key, item in value.items()}
        pair = [next((spelled[k] for k in keys if k in spelled), None) for keys in (_STARTS, _ENDS)]
    elif isinstance(value, list) and len(value) == 2:
        pair = value
    elif isinstance(value, str):
        for mark in (" to ", " - ", "..", " -> ", "/"):
            left, found, right = value.partition(mark)
            if found and moment(left) and moment(right):
                pair = (left, right)
                break
    if len(pair) != 2:
        return None
    start, end = moment(pair[0]), moment(pair[1])
    return None if start is None or end is None else (start, end)


def _ordered(
    part: str, fold: int | None, start: date | datetime, end: date | datetime, count: int | None
) -> Window | None:
    if isinstance(start, datetime) != isinstance(end, datetime):
        start, end = _as_date(start), _as_date(end)
    return Window(part, fold, start, end, count) if start <= end else None


def _as_date(value: date | datetime) -> date:
    return value.date() if isinstance(value, datetime) else value
