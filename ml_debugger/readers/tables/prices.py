"""Bars: one canonical lazy frame from every way in which files lay prices out."""

from __future__ import annotations

import math

import polars as pl

from ml_debugger.artifacts import PriceTable
from ml_debugger.readers.tables.columns import normal, panel_fields, price_fields
from ml_debugger.readers.tables.keys import Keys
from ml_debugger.readers.tables.misread import PRICES, differing_of, is_empty, misread_of
from ml_debugger.readers.tables.offsets import offsets_of
from ml_debugger.readers.tables.parting import parting_columns
from ml_debugger.readers.tables.table import Table

UNDATED = "no dates: rows are counted as minutes from 1970"
_ORDER = ("open", "high", "low", "close", "adj_close", "volume")
_PANEL_COLUMNS = 400


def prices_of(table: Table, keys: Keys) -> PriceTable | None:
    """The bars in a table, or None when it holds none.

    Bars are known by a close with open, high and low, by a close beside a volume, or by being
    nothing but a date and a price. A file without dates has its rows counted as minutes from
    1970, and `problems["time"]` says so. Without a ticker column the file's name is the ticker.
    """
    pairs = table.panel or panel_fields(table.columns)
    if len({ticker for _, ticker in pairs.values()}) > 1 and keys.time is not None:
        return _from_pairs(table, keys, dict(pairs))
    ticker = next(iter(table.panel.values()))[1] if table.panel else None
    fields = price_fields([c for c in table.columns if c not in keys.columns])
    fields = {field: name for field, name in fields.items() if table.numeric(name)}
    if not _are_bars(table, keys, fields):
        return _from_closes(table, keys)
    return _build(table, keys, fields, ticker)


def _are_bars(table: Table, keys: Keys, fields: dict[str, str]) -> bool:
    candle = {"open", "high", "low", "close"} & fields.keys()
    close = {"close", "adj_close"} & fields.keys()
    if "close" in candle and len(candle) >= 3:
        return keys.time is not None or len(candle) == 4
    if keys.time is None or not (close or len(candle) == 3):
        return False
    others = [c for c in table.columns if c not in keys.columns and c not in fields.values()]
    if len(candle) == 3 or "volume" in fields or len(close) == 2:
        return len(others) <= 3
    return not others and not (table.rows < 30 and keys.ticker is None)


def _build(table: Table, keys: Keys, fields: dict[str, str], fixed: str | None) -> PriceTable:
    problems = {f: table.problems[name] for f, name in fields.items() if name in table.problems}
    if "header" in table.problems:
        problems["header"] = table.problems["header"]
    names: dict[str, str] = {}
    frame = table.frame
    counted = _counting_column(table) if keys.time is None else None
    if keys.time is not None:
        names["time"] = keys.time.column
        time = keys.time.expression
        if keys.time.problem:
            problems["time"] = keys.time.problem
    else:
        problems["time"] = UNDATED
        if counted is None:
            frame = frame.with_row_index("__row__")
        time = (pl.col(counted or "__row__").cast(pl.Int64) * 60_000_000).cast(pl.Datetime("us"))
    if keys.ticker is not None:
        names = {"ticker": keys.ticker, **names}
        ticker = pl.col(keys.ticker).cast(pl.String)
    else:
        ticker = pl.lit(fixed or table.stem)
    parting = parting_columns(table, keys, ticker)
    if parting:
        ticker = pl.concat_str(ticker, *(pl.col(c).cast(pl.String) for c in parting), separator=" ")
    misread = misread_of(table, keys, fields, counted=counted is not None)
    held = [f for f in _ORDER if f in fields and not (f in PRICES and is_empty(table, fields[f]))]
    columns = [pl.col(fields[f]).cast(pl.Float64).alias(f) for f in held]
    names |= {field: fields[field] for field in held}
    return PriceTable(
        subject=table.subject,
        path=table.shown,
        frame=frame.select(ticker.alias("ticker"), time.alias("time"), *columns),
        names=names,
        rows=table.rows,
        problems=problems,
        offsets=offsets_of(table, keys, ticker),
        misread=misread,
        differing=differing_of(table, names),
        empty=table.empty,
    )


def _counting_column(table: Table) -> str | None:
    """A column that numbers the rows, upwards."""
    for column, kind in table.schema.items():
        if normal(column) in ("index", "unnamed_0", "", "index_level_0", "column_1"):
            values = table.sample[column]
            if kind.is_integer() and values.null_count() == 0 and values.is_sorted():
                return column
    return None


def _from_pairs(table: Table, keys: Keys, pairs: dict[str, tuple[str, str]]) -> PriceTable | None:
    """One column a field and ticker (`Close AAPL`), put under each other."""
    assert keys.time is not None
    by_ticker: dict[str, dict[str, str]] = {}
    for column, (field, ticker) in pairs.items():
        if table.numeric(column):
            by_ticker.setdefault(ticker, {}).setdefault(field, column)
    present = [f for f in _ORDER if any(f in fields for fields in by_ticker.values())]
    if "close" not in present and "adj_close" not in present:
        return None
    used = [column for fields in by_ticker.values() for column in fields.values()]
    # one reading for all tickers: a lazy part each would read the file as often
    held = table.frame.select(keys.time.expression.alias("\0time"), *used)
    whole = held.collect(engine="streaming")
    parts = []
    for ticker, fields in by_ticker.items():
        cells = [
            (pl.col(fields[f]) if f in fields else pl.lit(None)).cast(pl.Float64).alias(f)
            for f in present
        ]
        part = whole.select(pl.lit(ticker).alias("ticker"), pl.col("\0time").alias("time"), *cells)
        # before a listing and after a delisting the panel is empty: these are no bars
        parts.append(_within_life(part, present))
    names = {"ticker": "header", "time": keys.time.column} | {f: f for f in present}
    problems = dict(table.problems)
    return _long(table, keys, pl.concat(parts), names, problems)


def _from_closes(table: Table, keys: Keys) -> PriceTable | None:
    """A wide panel: dates down, tickers across, closes in the cells."""
    if keys.time is None or keys.ticker is not None:
        return None
    columns = [c for c in table.columns if c not in keys.columns]
    numeric = [c for c in columns if table.numeric(c) and not table.sample[c].is_empty()]
    if len(numeric) < 2 or len(numeric) != len(columns) or len(columns) > 20 * _PANEL_COLUMNS:
        return None
    if not all(_like_ticker(column) for column in columns):
        return None
    if not all(_like_prices(table.sample[column]) for column in columns[:_PANEL_COLUMNS]):
        return None
    # one reading for all tickers: a lazy part each would read the file as often
    held = table.frame.select(
        keys.time.expression.alias("time"), pl.col(columns).cast(pl.Float64)
    ).collect(engine="streaming")
    parts = [
        _within_life(
            held.select(pl.lit(column).alias("ticker"), "time", pl.col(column).alias("close")),
            ["close"],
        )
        for column in columns
    ]
    problems = {c: text for c, text in table.problems.items() if c in columns}
    names = {"ticker": "header", "time": keys.time.column, "close": "cells"}
    return _long(table, keys, pl.concat(parts), names, problems)


def _within_life(part: pl.DataFrame, fields: list[str]) -> pl.DataFrame:
    alive = pl.any_horizontal(pl.col(f).is_not_null() & pl.col(f).is_not_nan() for f in fields)
    rows = part.select(alive.alias("alive"))["alive"].arg_true()
    return part.slice(rows[0], rows[-1] - rows[0] + 1) if len(rows) else part.clear()


def _long(
    table: Table, keys: Keys, held: pl.DataFrame, names: dict[str, str], problems: dict[str, str]
) -> PriceTable:
    return PriceTable(
        subject=table.subject,
        path=table.shown,
        frame=held.lazy(),
        names=names,
        rows=held.height,
        problems=problems,
        misread={c: said for c, said in table.misread.items() if c in ("header", *names.values())},
        offsets=offsets_of(table, keys, None),
    )


def _like_ticker(name: str) -> bool:
    return 0 < len(name) <= 16 and name == name.upper() and any(map(str.isalnum, name))


def _like_prices(values: pl.Series) -> bool:
    """Whether numbers move as prices do: not below zero, and near the last one mostly."""
    filled = values.cast(pl.Float64).drop_nulls().drop_nans()
    # zeros before a listing and after a delisting stand for no price
    traded = (filled != 0).arg_true()
    filled = filled[traded[0] : traded[-1] + 1] if len(traded) else filled
    if len(filled) < 10:
        return len(filled) == 0
    positive = float((filled > 0).sum()) / len(filled)
    if positive < 0.98:
        return False
    moves = filled.filter(filled > 0).log().diff().drop_nulls().abs().median()
    return isinstance(moves, float) and not math.isnan(moves) and moves < 0.1
