"""Plans of splits as tables: the first and last day of each part, one fold a row."""

from __future__ import annotations

import polars as pl

from ml_debugger.artifacts import Split, Window
from ml_debugger.readers.tables.columns import first_named
from ml_debugger.readers.tables.table import Table

PARTS = {
    "train": ("train", "training", "in_sample"),
    "validation": ("validation", "val", "valid", "dev"),
    "test": ("test", "testing", "holdout", "oos", "out_of_sample"),
}
STARTS = ("start", "begin", "from", "start_date", "first")
ENDS = ("end", "stop", "to", "end_date", "last")
MOST_FOLDS = 1_000


def plan_of(table: Table) -> Split | None:
    """The split whose windows a short table lists, None where it has no two dated parts."""
    if table.rows > MOST_FOLDS:
        return None
    spans = {part: span for part in PARTS if (span := _span(table, part)) is not None}
    if len(spans) < 2:
        return None
    days = table.frame.select(
        _day(column).alias(f"{part} {end}")
        for part, span in spans.items()
        for end, column in zip(("start", "end"), span, strict=True)
    ).collect()
    found = [
        Window(part, fold, row[f"{part} start"], row[f"{part} end"], None)
        for fold, row in enumerate(days.iter_rows(named=True))
        for part in spans
        if None not in (row[f"{part} start"], row[f"{part} end"])
        and row[f"{part} start"] <= row[f"{part} end"]
    ]
    if len({window.part for window in found}) < 2:
        return None
    return Split(
        table.subject,
        table.shown,
        windows=tuple(found),
        horizon=_stated(table, ("horizon", "horizon_days", "horizon_sessions", "label_horizon")),
        lookback=_stated(table, ("lookback", "sequence_length", "seq_len")),
        purge=_stated(table, ("purge", "purge_gap", "purge_days", "gap")),
    )


def _span(table: Table, part: str) -> tuple[str, str] | None:
    for name in PARTS[part]:
        start = first_named(table.columns, tuple(f"{name}_{s}" for s in STARTS))
        end = first_named(table.columns, tuple(f"{name}_{e}" for e in ENDS))
        if start is not None and end is not None:
            return start, end
    return None


def _day(column: str) -> pl.Expr:
    return pl.col(column).cast(pl.String).str.slice(0, 10).str.to_date("%Y-%m-%d", strict=False)


def _stated(table: Table, names: tuple[str, ...]) -> int | None:
    column = first_named(table.columns, names)
    if column is None or not table.schema[column].is_integer():
        return None
    values = table.sample[column].drop_nulls()
    return int(values[0]) if len(values) else None
