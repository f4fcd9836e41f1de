"""constant-feature: one value everywhere, or a source that stopped."""

from __future__ import annotations

import polars as pl
import pytest

from checks.features.constant_feature import constant_feature
from ml_debugger.contract import Measurement, Status
from tests.checks.feature_panel import STEP, panel
from tests.checks.table_judging import features_of, measured, status

END = pl.col("date") >= pl.col("date").unique().sort().tail(60).first()
SINGLE = panel(tickers=1)


@pytest.mark.parametrize(
    ("added", "wanted"),
    [
        (pl.lit(0), Status.WARN),
        (pl.lit(0.1) + 0.2, Status.WARN),
        (pl.when(STEP > 20).then(1.0), Status.WARN),
        (pl.when(STEP % 63 == 0).then(1.0), Status.PASS),
        (pl.col("ticker").str.slice(1).cast(pl.Int64) % 3, Status.PASS),
        ((STEP % 63 == 5).cast(pl.Int8), Status.PASS),
        ((STEP < 300).cast(pl.Int8), Status.PASS),
        (pl.col("price").gather(pl.int_range(pl.len()) // 63 * 63).over("ticker"), Status.PASS),
        (pl.when(STEP < 540).then("ret").forward_fill().over("ticker"), Status.FAIL),
        (pl.when(STEP < 590).then("ret").forward_fill().over("ticker"), Status.PASS),
        (pl.when(~END).then("vol").otherwise(0.0), Status.FAIL),
        (pl.when(~END | (pl.col("ticker") != "T1")).then("vol").otherwise(0.0), Status.PASS),
        (pl.when(~END).then("vol"), Status.PASS),
    ],
    ids=[
        "zero",
        "float noise",
        "after a warm-up",
        "a mark, empty elsewhere",
        "sector of a ticker",
        "a rare event",
        "a past regime",
        "a quarterly figure",
        "carried on to the end",
        "carried on for two weeks",
        "zeros at the end",
        "one ticker halted",
        "empty at the end",
    ],
)
def test_one_column(added: pl.Expr, wanted: Status) -> None:
    frame = panel(late=0).with_columns(added=added)
    assert status(constant_feature, features_of(frame)) is wanted


def test_a_stop_is_dated_and_its_rows_are_named() -> None:
    stopped = SINGLE.with_columns(pl.when(STEP < 540).then("ret").forward_fill().alias("ret"))
    outcome = measured(constant_feature, features_of(stopped))
    assert isinstance(outcome, Measurement)
    assert outcome.title == f"ret stands still since {stopped['date'][540]}"
    assert outcome.rows is not None
    assert outcome.rows().height == 60


@pytest.mark.parametrize(
    ("name", "rows", "wanted"),
    [
        ("month_7", 100, Status.PASS),
        ("month_7", 500, Status.WARN),
        ("timeframe", 500, Status.PASS),
        ("sentiment", 100, Status.WARN),
    ],
)
def test_what_is_constant_by_design(name: str, rows: int, wanted: Status) -> None:
    frame = SINGLE.head(rows).with_columns(pl.lit(0).alias(name))
    assert status(constant_feature, features_of(frame)) is wanted


def test_tables_without_time_are_judged_by_row() -> None:
    bare = SINGLE.drop("ticker", "date").with_columns(
        pl.when(pl.int_range(pl.len()) < 540).then("ret").forward_fill().alias("ret")
    )
    outcome = measured(constant_feature, features_of(bare))
    assert isinstance(outcome, Measurement)
    assert outcome.title == "ret stands still since row 541"
    assert outcome.rows is None


def test_few_rows_are_not_judged() -> None:
    assert status(constant_feature, features_of(SINGLE.head(10))) is Status.SKIP
