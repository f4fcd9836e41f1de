"""No check of tables crashes on what is hardly a table: it judges, or says why it cannot."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from ml_debugger.artifacts import FeatureTable, PriceTable
from ml_debugger.contract import Check, Measurement, NotMeasured, Settings
from ml_debugger.runtime.registry import registry
from ml_debugger.runtime.scan import look
from tests.checks.table_judging import features_of, prices_of

COLUMNS = ("open", "high", "low", "close", "volume")
TABLES = tuple(
    check
    for check in registry().values()
    if check.judges in (PriceTable, FeatureTable)
    and all(need.optional or need.kind is PriceTable for need in check.needs[1:])
)


def walk(rows: int, tickers: int) -> pl.DataFrame:
    """Random walks; every column is the same one, which is odd enough."""
    rng = np.random.default_rng(rows)
    days = [date(2021, 1, 1) + timedelta(days=n) for n in range(rows)]
    parts = [
        pl.DataFrame({"ticker": f"T{n}", "date": days}).with_columns(
            pl.lit(pl.Series(50 * np.exp(np.cumsum(rng.normal(0, 0.02, rows))))).alias(c)
            for c in COLUMNS
        )
        for n in range(tickers)
    ]
    return pl.concat(parts)


def emptied(frame: pl.DataFrame, column: str) -> pl.DataFrame:
    return frame.with_columns(pl.lit(None, frame.schema[column]).alias(column))


def filled(frame: pl.DataFrame, value: float) -> pl.DataFrame:
    return frame.with_columns(pl.lit(value).alias(c) for c in COLUMNS)


ODD = {
    "one row": walk(1, 1),
    "two rows": walk(2, 1),
    "one row a ticker": walk(1, 6),
    "no date": emptied(walk(300, 6), "date"),
    "no ticker": emptied(walk(300, 2), "ticker"),
    "one date": walk(300, 2).with_columns(date=pl.lit(date(2021, 1, 4))),
    "no close": emptied(walk(300, 6), "close"),
    "NaN": filled(walk(300, 2), float("nan")),
    "infinite": filled(walk(300, 2), float("inf")),
    "zero": filled(walk(300, 6), 0.0),
    "constant": filled(walk(300, 6), 5.0),
    "one of many": walk(300, 6).vstack(walk(1, 1).with_columns(ticker=pl.lit("NEW"))),
}


def outcome(check: Check, frame: pl.DataFrame) -> object:
    prices = prices_of(frame)
    subject = prices if check.judges is PriceTable else features_of(frame, ("close",))
    shared = look(subject, [check])[check.code]
    if isinstance(shared, Exception):
        raise shared
    partners = [prices if need.kind is PriceTable else None for need in check.needs[1:]]
    settings = Settings({setting.name: setting.default for setting in check.settings})
    return check.run([subject, *partners], settings, shared)


@pytest.mark.parametrize("shape", ODD)
def test_every_check_judges_or_says_why_not(shape: str) -> None:
    for check in TABLES:
        found = outcome(check, ODD[shape])
        assert isinstance(found, Measurement | NotMeasured), check.code
        if isinstance(found, Measurement) and found.rows is not None:
            assert {"ticker", "time"} <= set(found.rows().columns), check.code
