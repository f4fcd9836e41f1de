"""The rows that findings are about, and how much of each ticker the tables cover.

A worker that is asked for them leaves Parquet parts in a folder; the front end puts them
together. Kept on disk because one finding can concern millions of rows.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import polars as pl

from ml_debugger.artifacts import Artifact, FeatureTable, PriceTable
from ml_debugger.contract import Result
from ml_debugger.data.coverage import coverage
from ml_debugger.data.storage import replace_file

SCHEMA: dict[str, pl.DataType] = {
    "ticker": pl.String(),
    "date": pl.Datetime("us"),
    "fault": pl.String(),
    "column": pl.String(),
    "detail": pl.String(),
    "copied_from": pl.Datetime("us"),
    "code": pl.String(),
    "path": pl.String(),
}
"""One row a fault and row of a table; times are in UTC where the table has a zone."""


def keep_rows(folder: Path, number: int, result: Result, make: Callable[[], pl.DataFrame]) -> None:
    """Write the rows that a finding concerns as one part."""
    found = make().rename({"time": "date"}, strict=False)
    given = {"fault": result.name, "code": result.code, "path": result.path or result.subject}
    whole = found.with_columns(
        *(pl.lit(value, pl.String).alias(name) for name, value in given.items()),
        *(
            pl.lit(None, kind).alias(n)
            for n, kind in SCHEMA.items()
            if n not in {*found.columns, *given}
        ),
    )
    whole.select(_moment(whole, n) if n in ("date", "copied_from") else n for n in SCHEMA).cast(
        pl.Schema(SCHEMA)
    ).write_parquet(folder / f"rows-{number:05}.parquet")


def _moment(frame: pl.DataFrame, name: str) -> pl.Expr:
    """A date or a time as a moment without a zone, in UTC."""
    kind = frame.schema[name]
    if isinstance(kind, pl.Datetime) and kind.time_zone is not None:
        return pl.col(name).dt.convert_time_zone("UTC").dt.replace_time_zone(None)
    return pl.col(name).cast(pl.Datetime("us"))


def keep_coverage(folder: Path, number: int, table: Artifact) -> None:
    """Write how much of each ticker a table covers as one part; nothing for one without times."""
    if isinstance(table, PriceTable) and "time" in table.names:
        found = coverage(table.frame, "ticker", "time")
    elif isinstance(table, FeatureTable) and table.time is not None:
        found = coverage(table.frame, table.ticker, table.time)
    else:
        return
    named = found.with_columns(pl.lit(table.path or table.subject).alias("path"))
    named.write_parquet(folder / f"coverage-{number:05}.parquet")


def rows_in(folder: Path) -> pl.LazyFrame:
    """All rows concerned, by table, ticker, date and code."""
    parts = sorted(folder.glob("rows-*.parquet"))
    if not parts:
        return pl.LazyFrame(schema=SCHEMA)
    return pl.scan_parquet(parts).sort("path", "ticker", "date", "code", maintain_order=True)


def coverages_in(folder: Path) -> list[pl.DataFrame]:
    """The coverage of each table: path, ticker, period, sessions and days."""
    return [pl.read_parquet(part) for part in sorted(folder.glob("coverage-*.parquet"))]


def holds_rows(path: Path) -> bool:
    """Whether a file is empty or one that `write_rows` wrote, so that nothing is lost with it."""
    if not path.stat().st_size:
        return True
    if path.suffix.lower() == ".parquet":
        try:
            return list(pl.read_parquet_schema(path)) == list(SCHEMA)
        except pl.exceptions.PolarsError:
            return False
    with path.open("rb") as file:
        return file.readline(200).rstrip(b"\r\n") == ",".join(SCHEMA).encode()


def write_rows(folder: Path, target: Path) -> int:
    """Write all rows concerned to a CSV or Parquet file, whole or not at all; returns their count.

    Dates are written without a time of day where no row has one.
    """
    rows = rows_in(folder)
    times = [pl.col(name).dt.time() != pl.time(0, 0) for name in ("date", "copied_from")]
    count, *timed = rows.select(pl.len(), *(t.any() for t in times)).collect().row(0)
    if not any(timed):
        rows = rows.with_columns(pl.col("date", "copied_from").cast(pl.Date))
    if target.suffix.lower() == ".parquet":
        replace_file(target, rows.sink_parquet)
    else:
        replace_file(target, lambda temporary: rows.sink_csv(temporary, datetime_format="%FT%TZ"))
    return int(count)
