"""Splits as lists of row numbers or of dates: by part, and by fold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any

import polars as pl

from ml_debugger.artifacts import Split, Window
from ml_debugger.readers.head import Head
from ml_debugger.readers.reader import Reader, Reading, Unreadable
from ml_debugger.readers.records.document import load, sketch
from ml_debugger.readers.records.figures import moment, plain
from ml_debugger.readers.records.windows import PARTS

ENDINGS = (
    "", "_idx", "_index", "_indices", "_indexes", "_ids", "_rows", "_dates", "_days", "_times",
    "_timestamps", "_mask",
)  # fmt: skip
LEAST_ROWS = 10
"""Fewer entries may be a window or a shape."""
MAX_DEPTH = 4

Part = tuple[int | None, str, pl.Series]
"""Fold, part, and the rows' positions or times."""


def split_of(parts: Sequence[Part], subject: str, path: str) -> Split | None:
    """The split that lists of rows form; None where no training part has another beside it."""
    named = {part for _, part, _ in parts}
    if "train" not in named or len(named) < 2 or len({values.dtype for *_, values in parts}) > 1:
        return None
    frames = [
        pl.DataFrame({"time": values}).select(
            "time",
            pl.lit("").alias("ticker"),
            pl.lit(fold, pl.Int64).alias("fold"),
            pl.lit(part).alias("part"),
        )
        for fold, part, values in parts
    ]
    rows = pl.concat(frames)
    shared = rows.group_by("fold", "time").agg(pl.col("part").n_unique().alias("parts"))
    dated = rows.schema["time"] != pl.Int64
    return Split(
        subject,
        path,
        windows=tuple(_windows(parts)) if dated else (),
        horizon=None,
        lookback=None,
        purge=None,
        shared_rows=shared.filter(pl.col("parts") > 1).height,
        sessions=tuple(rows["time"].dt.date().unique().sort().to_list()) if dated else (),
        members=rows.lazy(),
    )


def _windows(parts: Sequence[Part]) -> Iterator[Window]:
    for fold, part, values in parts:
        start, end = values.min(), values.max()
        if isinstance(start, date) and isinstance(end, date):
            yield Window(part, fold, start, end, len(values))


def _parts(node: Any, fold: int | None = None, depth: int = 0) -> Iterator[Part]:
    """Lists of rows by part in an object, in a list of such, or in one by fold."""
    if depth > MAX_DEPTH:
        return
    if isinstance(node, Mapping):
        spelled = {plain(str(key)): value for key, value in node.items()}
        own = list(_own(spelled, fold))
        if own:
            yield from own
            return
        for number, value in enumerate(node.values()):
            inner = fold if isinstance(value, list) else number
            yield from _parts(value, inner if len(node) > 1 else fold, depth + 1)
    elif isinstance(node, list) and node:
        pairs = all(isinstance(v, list) and len(v) == 2 for v in node)
        for number, value in enumerate(node[:1000]):
            if pairs:
                value = dict(zip(("train", "test"), value, strict=True))
            if isinstance(value, Mapping):
                yield from _parts(value, number, depth + 1)


def _own(spelled: Mapping[str, Any], fold: int | None) -> Iterator[Part]:
    for part, names in PARTS.items():
        for key in (name + ending for name in names for ending in ENDINGS):
            values = _series(spelled.get(key))
            if values is not None:
                yield fold, part, values
                break


def _series(value: Any) -> pl.Series | None:
    """Row numbers or times; a list of yes and no gives the numbers of the rows of yes."""
    if not isinstance(value, list) or len(value) < LEAST_ROWS:
        return None
    if all(isinstance(item, bool) for item in value):
        return pl.Series([at for at, item in enumerate(value) if item], dtype=pl.Int64)
    if all(isinstance(item, int) and item >= 0 for item in value):
        return pl.Series(value, dtype=pl.Int64)
    times = [moment(item) for item in value[:3]] if isinstance(value[0], str) else [None]
    if any(time is None for time in times):
        return None
    stamps = [_stamp(moment(item)) for item in value]
    return pl.Series(stamps, dtype=pl.Datetime("us")).drop_nulls()


def _stamp(value: date | datetime | None) -> datetime | None:
    if value is None or isinstance(value, datetime):
        return value
    return datetime(value.year, value.month, value.day)


def recognise(head: Head) -> str | None:
    """A JSON document with a list of training rows, and others beside it or past the head."""
    document = sketch(head)
    if not isinstance(document, Mapping | list):
        return None
    if isinstance(document, Mapping) and str(document.get("schema", "")).startswith("ml-"):
        return None
    named = {part for _, part, _ in _parts(document)}
    cut = head.size > len(head.start) and bool(named)
    return "split-indices" if len(named) > 1 or cut else None


def read(head: Head, kind: str) -> Reading:  # noqa: ARG001  one kind only
    """The split of a document."""
    split = split_of(list(_parts(load(head))), head.shown, head.shown)
    if split is None:
        raise Unreadable("lists no rows of training beside those of another part")
    return Reading([split])


READER = Reader("split-indices", recognise, read)
