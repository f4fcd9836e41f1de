"""Columns of bars that a plain reader of tables would take for something else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import polars as pl

from ml_debugger.readers.tables.columns import TIME, first_named, normal
from ml_debugger.readers.tables.keys import Keys
from ml_debugger.readers.tables.table import Table

LEAST_COUNT = 20
"""So many rows that grow by exactly one are a count and no prices."""
PRICES = ("open", "high", "low", "close")
"""Fields that a table has a column for because it holds them; volumes some markets do not have."""
NAMED_TIMES = 16
"""The first names of `TIME` promise dates; the later ones may hold anything."""


def misread_of(
    table: Table, keys: Keys, fields: Mapping[str, str], *, counted: bool
) -> dict[str, str]:
    """By price field, `time` or `header`: what is said of it, for a person.

    `counted` tells that a column numbers the rows where none holds dates.
    """
    found = {"header": table.misread["header"]} if "header" in table.misread else {}
    if keys.time is None and not counted:
        found["time"] = _undated(table)
    elif keys.time is not None and keys.time.misread is not None:
        found["time"] = f"{keys.time.column}: {keys.time.misread}"
    for field, column in fields.items():
        if is_empty(table, column):
            if field in PRICES:
                found[field] = f"{column} holds no value"
            continue
        said = table.misread.get(column) or _said_of(table, column)
        if said is not None:
            found[field] = f"{column} {said}"
    return found


def differing_of(table: Table, names: Mapping[str, str]) -> dict[str, str]:
    """By file of a folder, how the columns of the bars differ from those of most files."""
    concerned = set(names.values())
    found = {
        file: "; ".join(said for column, said in odd.items() if column in concerned)
        for file, odd in table.differing.items()
    }
    return {file: said for file, said in found.items() if said}


def _undated(table: Table) -> str:
    named = first_named(table.columns, TIME[:NAMED_TIMES])
    return "no column holds dates" if named is None else f"{named} holds no dates that can be read"


def _said_of(table: Table, column: str) -> str | None:
    if _counts(table.sample[column]):
        return "only counts the rows"
    twins = [c for c in _alike(table.columns, column) if table.numeric(c)]
    return f"stands beside {', '.join(twins)}" if twins else None


def _counts(values: pl.Series) -> bool:
    """Whether numbers grow by exactly one from row to row."""
    # the first step tells for most columns, and a folder may hold thousands of files
    first = values.head(2).to_list()
    if len(first) == 2 and None not in first and float(first[1]) - float(first[0]) != 1:
        return False
    steps = values.cast(pl.Float64).drop_nulls().diff().drop_nulls()
    return len(steps) >= LEAST_COUNT and bool((steps == 1).all())


def is_empty(table: Table, column: str) -> bool:
    """Whether a column holds no value in any of several rows."""
    if table.rows < 2 or table.sample[column].null_count() < table.sample.height:
        return False
    filled = table.frame.select(pl.col(column).is_not_null().any())
    return not filled.collect(engine="streaming").item()


def _alike(columns: Iterable[str], column: str) -> list[str]:
    """Other columns of the same name but for case and punctuation."""
    plain = normal(column)
    return [other for other in columns if other != column and normal(other) == plain]
