"""Lists of trials as JSON: one object a run, with its settings and its score on test data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import polars as pl

from ml_debugger.artifacts import RunHistory
from ml_debugger.readers.head import Head
from ml_debugger.readers.reader import Reader, Reading, Unreadable
from ml_debugger.readers.records.document import load, sketch
from ml_debugger.readers.records.figures import PLANS, plain
from ml_debugger.readers.tables.trials import trials_of

LISTS = ("trials", "runs", "results", "experiments", "all_results", "sweep", "grid", "history")
INNER = frozenset({"metrics", "scores", "results", "performance", "user_attrs"} | PLANS)
MOST_ROWS = 100_000


def _history(document: Any, shown: str) -> RunHistory | None:
    for rows in _lists(document):
        flat = [_flat(row) for row in rows[:MOST_ROWS]]
        columns = list(dict.fromkeys(name for row in flat for name in row))
        table = pl.from_dicts(flat, schema=dict.fromkeys(columns), infer_schema_length=None)
        history = trials_of(table, columns, shown, shown)
        if history is not None:
            return history
    return None


def _lists(document: Any) -> Iterator[list[Mapping[str, Any]]]:
    """Lists of objects: the document itself, or an entry of the usual names."""
    found = [document]
    if isinstance(document, Mapping):
        spelled = {plain(str(key)): value for key, value in document.items()}
        found = [spelled[name] for name in LISTS if name in spelled]
        found += [list(value.values()) for value in found if isinstance(value, Mapping)]
    for rows in found:
        if isinstance(rows, list) and len(rows) > 1:
            objects = [row for row in rows if isinstance(row, Mapping)]
            if len(objects) == len(rows):
                yield objects


def _flat(row: Mapping[str, Any]) -> dict[str, Any]:
    """Numbers, texts and truths of a row, with those of its objects of settings and scores."""
    flat: dict[str, Any] = {}
    for key, value in row.items():
        if isinstance(value, Mapping):
            part = plain(str(key))
            for inner, item in value.items():
                name = str(inner) if part in INNER else f"{key}_{inner}"
                if _is_cell(item):
                    flat.setdefault(name, item)
        elif _is_cell(value):
            flat[str(key)] = value
    return {name: str(v) if isinstance(v, str | bool) else float(v) for name, v in flat.items()}


def _is_cell(value: Any) -> bool:
    return isinstance(value, str | bool | int | float)


def recognise(head: Head) -> str | None:
    """A list of objects that state a score on test data each."""
    document = sketch(head)
    if isinstance(document, Mapping) and str(document.get("schema", "")).startswith("ml-"):
        return None
    return "trials" if _tried(document, head.shown) is not None else None


def _tried(document: Any, shown: str) -> RunHistory | None:
    try:
        return _history(document, shown)
    except (pl.exceptions.PolarsError, TypeError, OverflowError):
        # rows of mixed types are no table of trials
        return None


def read(head: Head, kind: str) -> Reading:  # noqa: ARG001  one kind only
    """The trials of a document."""
    history = _tried(load(head), head.shown)
    if history is None:
        raise Unreadable("lists no runs with a score on test data")
    return Reading([history])


READER = Reader("trials", recognise, read)
