"""Sizing records: the limits and the prior that positions were sized by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ml_debugger.artifacts import SizingRecord
from ml_debugger.readers.head import Head
from ml_debugger.readers.reader import Reader, Reading, Unreadable
from ml_debugger.readers.records.document import load, sketch
from ml_debugger.readers.records.figures import figures, share, text

SCHEMA = "ml-debugger/sizing/1"


def recognise(head: Head) -> str | None:
    """A JSON object that says it is one, or that has both position limits and a win rate."""
    document = sketch(head)
    return "sizing-record" if _is_record(document) else None


def _is_record(document: Any) -> bool:
    if not isinstance(document, Mapping):
        return False
    schema = document.get("schema")
    if isinstance(schema, str) and schema.startswith("ml-debugger/"):
        return schema == SCHEMA
    return {"max_long", "max_short", "win_rate"} <= document.keys()


def read(head: Head, kind: str) -> Reading:  # noqa: ARG001  one kind only
    """The record of a file; limits count without sign."""
    document = load(head)
    if not _is_record(document):
        raise Unreadable("holds no limits of positions")
    found = figures(document)

    def number(name: str) -> float | None:
        return found[name].value if name in found else None

    def size(name: str) -> float | None:
        value = number(name)
        return None if value is None else abs(value)

    record = SizingRecord(
        head.shown,
        head.shown,
        max_long=size("max_long"),
        max_short=size("max_short"),
        win_rate=share(found.get("win_rate")),
        win_rate_source=text(document, ("win_rate_source",)),
        breaker_drawdown=size("breaker_drawdown"),
        breaker_position=number("breaker_position"),
    )
    return Reading([record])


READER = Reader("sizing-record", recognise, read)
