"""Strings that hold numbers: thousands separators, decimal commas, currency signs, magnitudes."""

from __future__ import annotations

import polars as pl

from ml_debugger.readers.tables.columns import TICKER, normal
from ml_debugger.readers.tables.table import Table

MISSING = ("", "-", "--", "na", "n/a", "#n/a", "null", "none", "nil", "nat", "<na>", "?", ".")
_SHARE = 0.8
"""A column of strings is one of numbers when at least this share of its filled cells are."""


def missing(text: pl.Expr) -> pl.Expr:
    """Whether a cell of text stands for no value at all."""
    return text.is_null() | text.str.strip_chars().str.to_lowercase().is_in(MISSING)


def plain_number(text: pl.Expr) -> pl.Expr:
    """A cell that is a number as a program writes it; null for anything else."""
    return text.str.strip_chars().cast(pl.Float64, strict=False)


def written_number(text: pl.Expr, *, decimal_comma: bool = False) -> pl.Expr:
    """A cell that is a number as a person writes it: `$1,234.50`, `1.2M`, `3.4%`, `(12)`.

    Percentages keep their unit: `3.4%` is 3.4.
    """
    bare = text.str.strip_chars().str.replace_all(r"[$€£¥₹\s_'%]", "")
    bare = bare.str.replace(r"^\((.*)\)$", "-${1}").str.replace_all("\u2212", "-")
    if decimal_comma:
        bare = bare.str.replace_all(".", "", literal=True).str.replace(",", ".", literal=True)
    else:
        grouped = bare.str.contains(r"^[+-]?\d{1,3}(?:,\d{2,3})*(?:\.\d+)?[KMBTkmbt]?$")
        bare = pl.when(grouped).then(bare.str.replace_all(",", "", literal=True)).otherwise(bare)
    unit = bare.str.extract(r"\d([KMBTkmbt])$").str.to_uppercase()
    scale = unit.replace_strict(
        {"K": 1e3, "M": 1e6, "B": 1e9, "T": 1e12}, default=1.0, return_dtype=pl.Float64
    ).fill_null(1.0)
    return bare.str.replace(r"[KMBTkmbt]$", "").cast(pl.Float64, strict=False) * scale


def _reading(texts: pl.Series) -> pl.Expr | None:
    """How the filled cells of a column of text are read as numbers; None if they are not."""
    frame = texts.to_frame()
    column = pl.col(texts.name)
    filled = frame.filter(~missing(column))
    if filled.is_empty():
        return None
    comma = filled.select(column.str.contains(r"^\s*[+-]?\d+(?:\.\d{3})*,\d+\s*$").mean()).item()
    grouped = filled.select(column.str.contains(r"^\s*[+-]?\d{1,3}(,\d{3})+\s*$").mean()).item()
    for reading in (
        plain_number(column),
        written_number(column, decimal_comma=comma > _SHARE and grouped < 0.5),
    ):
        if filled.select(reading.is_not_null().mean()).item() >= _SHARE:
            return reading
    return None


def with_numbers(table: Table) -> Table:
    """The table with columns of written numbers cast, and what was not a number counted."""
    casts: dict[str, pl.Expr] = {}
    for column, kind in table.schema.items():
        if normal(column) in TICKER or column in table.keys:
            continue
        if isinstance(kind, pl.Decimal):
            casts[column] = pl.col(column).cast(pl.Float64)
        elif kind == pl.String:
            reading = _reading(table.sample[column].drop_nulls())
            if reading is not None:
                casts[column] = reading
    if not casts:
        return table
    texts = [column for column in casts if table.schema[column] == pl.String]
    problems: dict[str, str] = {}
    if texts:
        unread = [(casts[c].is_null() & ~missing(pl.col(c))).sum().alias(c) for c in texts]
        counts = table.frame.select(unread).collect(engine="streaming").row(0, named=True)
        problems = {
            column: f"{count} of {table.rows} cells hold no number"
            for column, count in counts.items()
            if count
        }
    frame = table.frame.with_columns([cast.alias(column) for column, cast in casts.items()])
    if table.held:
        frame = frame.collect().lazy()
    return table.with_frame(frame, problems)
