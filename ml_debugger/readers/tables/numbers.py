"""Strings that hold numbers: thousands separators, decimal commas, currency signs, magnitudes."""

from __future__ import annotations

import polars as pl

from ml_debugger.readers.tables.columns import TICKER, field_of, normal
from ml_debugger.readers.tables.table import Table

MISSING = ("", "-", "--", "na", "n/a", "#n/a", "null", "none", "nil", "nat", "<na>", "?", ".")
PANDAS_MISSING = (
    "",
    "#N/A",
    "#N/A N/A",
    "#NA",
    "-1.#IND",
    "-1.#QNAN",
    "-NaN",
    "-nan",
    "1.#IND",
    "1.#QNAN",
    "<NA>",
    "N/A",
    "NA",
    "NULL",
    "NaN",
    "None",
    "n/a",
    "nan",
    "null",
)
"""What `pandas.read_csv` takes for a missing value by default; any other text makes its column
one of text. Source: the documentation of pandas, `na_values`."""
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
    """The table with columns of written numbers cast, and what was not a number counted.

    A column that holds nothing at all becomes one of numbers.
    """
    casts: dict[str, pl.Expr] = {}
    blank = _blank(table)
    for column, kind in table.schema.items():
        if normal(column) in TICKER or column in table.keys:
            continue
        if isinstance(kind, pl.Decimal) or kind == pl.Null():
            casts[column] = pl.col(column).cast(pl.Float64)
        elif kind == pl.String:
            reading = _reading(table.sample[column].drop_nulls())
            if reading is None and column in blank:
                reading = plain_number(pl.col(column))
            if reading is not None:
                casts[column] = reading
    if not casts:
        return table
    texts = [column for column in casts if table.schema[column] == pl.String]
    problems: dict[str, str] = {}
    misread: dict[str, str] = {}
    if texts:
        counts = table.frame.select(_counts(texts, casts)).collect(engine="streaming")
        for column, found in counts.row(0, named=True).items():
            if found["unread"]:
                problems[column] = f"{found['unread']} of {table.rows} cells hold no number"
            if table.typed:
                misread[column] = "is text"
            elif found["foreign"]:
                many = f"{found['foreign']:,} of {table.rows:,} cells are text"
                misread[column] = f"{many}, like {found['example']!r}"
    frame = table.frame.with_columns([cast.alias(column) for column, cast in casts.items()])
    if table.held:
        frame = frame.collect().lazy()
    return table.with_frame(frame, problems, misread)


def _counts(texts: list[str], casts: dict[str, pl.Expr]) -> list[pl.Expr]:
    """By column: cells that hold no number, cells that are no number to pandas, one of these."""
    asked = []
    for name in texts:
        text = pl.col(name)
        foreign = text.is_not_null() & ~text.is_in(PANDAS_MISSING) & plain_number(text).is_null()
        asked.append(
            pl.struct(
                (casts[name].is_null() & ~missing(text)).sum().alias("unread"),
                foreign.sum().alias("foreign"),
                text.filter(foreign).first().str.slice(0, 20).alias("example"),
            ).alias(name)
        )
    return asked


def _blank(table: Table) -> set[str]:
    """Named columns of text that hold nothing: a reader that knows no types takes them for numbers.

    Where the format gives types, only those that are named like a price.
    """
    found = [
        column
        for column, kind in table.schema.items()
        if kind == pl.String
        and normal(column)
        and not normal(column).startswith(("unnamed", "column_"))
        and (not table.typed or field_of(column) is not None)
        and bool(table.sample.select(missing(pl.col(column)).all()).item())
    ]
    if not found:
        return set()
    whole = table.frame.select(missing(pl.col(c)).all() for c in found)
    facts = whole.collect(engine="streaming").row(0, named=True)
    return {column for column, blank in facts.items() if blank}
