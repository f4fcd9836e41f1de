"""The daily series behind a backtest record: inside it, or in a table beside it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl

from ml_debugger.readers.head import Head
from ml_debugger.readers.records.document import MAX_BYTES
from ml_debugger.readers.records.figures import plain
from ml_debugger.readers.tables.backtest import SERIES

BROADER = {
    "equity": ("net_worth", "balance", "value", "capital"),
    "benchmark_equity": ("buy_and_hold_equity", "buy_hold"),
    "strategy_return": ("daily_return", "daily_returns", "returns", "return"),
    "asset_return": ("asset_returns", "market_returns"),
}
"""Names that are taken for these columns only beside a record of a backtest."""

DATE = ("date", "datetime", "timestamp", "time", "day", "session", "index", "unnamed_0")
COLUMNS = {"date": DATE} | {
    name: (*spellings, *BROADER.get(name, ())) for name, spellings in SERIES.items()
}
"""Canonical columns of `Backtest.series` and the names that they go by."""

INSIDE = ("equity_curve", "equity", "portfolio_values", "portfolio_value", "equity_values")
BESIDE = ("equity", "equity_curve")


def inside(node: Mapping[str, Any]) -> pl.DataFrame | None:
    """The equity that the record itself lists; None where it lists none."""
    spelled = {plain(str(key)): value for key, value in node.items()}
    for name in INSIDE:
        value = spelled.get(name)
        if not isinstance(value, list) or len(value) < 2:
            continue
        if all(isinstance(item, int | float) for item in value):
            table: dict[str, Any] = {"equity": value}
            dates = spelled.get("dates", spelled.get("timestamps"))
            if isinstance(dates, list) and len(dates) == len(value):
                table["date"] = dates
            return canonical(pl.DataFrame(table, strict=False))
        if all(isinstance(item, Mapping) for item in value):
            return canonical(pl.from_dicts(value, infer_schema_length=None))
    return None


def beside(head: Head) -> pl.DataFrame | None:
    """The equity table that lies in the record's folder under a usual name; None without one."""
    folder = head.file.parent
    names = (*BESIDE, f"{head.stem}_equity", head.stem.replace("metrics", "equity"))
    for name in dict.fromkeys(names):
        for ending in ("parquet", "csv"):
            frame = _table(folder / f"{name}.{ending}")
            if frame is not None:
                return frame
    return None


def _table(file: Path) -> pl.DataFrame | None:
    try:
        if not file.is_file() or file.stat().st_size > MAX_BYTES:
            return None
        if file.suffix == ".parquet":
            return canonical(pl.read_parquet(file))
        return canonical(pl.read_csv(file, infer_schema_length=10_000, try_parse_dates=True))
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError):
        # the damage is reported where the table itself is opened
        return None


def canonical(frame: pl.DataFrame) -> pl.DataFrame | None:
    """Known columns under canonical names, ascending in date; None without equity or return."""
    spelled: dict[str, str] = {}
    for original in frame.columns:
        spelled.setdefault(plain(original), original)
    taken: dict[str, pl.Expr] = {}
    for name, spellings in COLUMNS.items():
        column = next((spelled[s] for s in spellings if s in spelled), None)
        if column is None:
            continue
        if name == "date":
            taken[name] = _date(column, frame.schema[column])
        elif frame.schema[column].is_numeric():
            taken[name] = pl.col(column).cast(pl.Float64)
    if not {"equity", "strategy_return", "gross_return"} & taken.keys():
        return None
    series = frame.select(**taken)
    return series.sort("date", maintain_order=True) if "date" in taken else series


def _date(column: str, kind: pl.DataType) -> pl.Expr:
    if kind == pl.String:
        return pl.col(column).str.slice(0, 10).str.to_date("%Y-%m-%d", strict=False)
    if kind.is_numeric():
        return pl.lit(None, dtype=pl.Date)
    return pl.col(column)
