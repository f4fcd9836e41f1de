"""time-as-feature: counts of rows and time, numbers of tickers, and healthy look-alikes."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from checks.features.time_as_feature import time_as_feature
from ml_debugger.contract import Measurement, Status
from tests.checks.feature_panel import STEP, panel
from tests.checks.table_judging import features_of, measured, status

DAY = pl.col("date")
EPOCH = DAY.cast(pl.Datetime("us")).cast(pl.Int64) // 1_000_000
CODE = pl.col("ticker").str.slice(1).cast(pl.Int64)
PANEL = panel(sessions=800)


@pytest.mark.parametrize("frame", [PANEL, panel(sessions=800, tickers=1)], ids=["panel", "one"])
@pytest.mark.parametrize(
    ("name", "added", "wanted"),
    [
        ("trend", pl.int_range(pl.len()), Status.FAIL),
        ("trend", STEP / 800, Status.FAIL),
        ("seconds", EPOCH, Status.FAIL),
        ("seconds", EPOCH.cast(pl.Float32), Status.FAIL),
        ("ordinal", DAY.cast(pl.Int32) + 719_163, Status.FAIL),
        ("day_number", DAY.dt.strftime("%Y%m%d").cast(pl.Int64), Status.FAIL),
        ("scaled", (EPOCH - 1_600_000_000) / 1e7, Status.FAIL),
        ("year", DAY.dt.year(), Status.WARN),
        ("months", DAY.dt.year() * 12 + DAY.dt.month(), Status.WARN),
        ("index", pl.int_range(pl.len()), Status.WARN),
        ("index", pl.int_range(pl.len()) + (pl.int_range(pl.len()) // 7) ** 2, Status.WARN),
        ("timestamp", EPOCH, Status.WARN),
        ("month", DAY.dt.month(), Status.PASS),
        ("day_of_year", DAY.dt.ordinal_day(), Status.PASS),
        ("weekday", DAY.dt.weekday(), Status.PASS),
        ("month_sin", (DAY.dt.month() * np.pi / 6).sin(), Status.PASS),
        ("traded", pl.col("volume").cum_sum().over("ticker"), Status.PASS),
        ("highest", pl.col("price").cum_max().over("ticker"), Status.PASS),
        ("regime", (DAY.dt.year() > 2020).cast(pl.Int8), Status.PASS),
        ("days_since_listing", DAY.cast(pl.Int32) - 9_000, Status.PASS),
        ("backwards", 20_000 - DAY.cast(pl.Int32), Status.PASS),
    ],
)
def test_one_column(frame: pl.DataFrame, name: str, added: pl.Expr, wanted: Status) -> None:
    assert status(time_as_feature, features_of(frame.with_columns(added.alias(name)))) is wanted


@pytest.mark.parametrize(
    ("name", "added", "wanted"),
    [
        ("encoded", CODE, Status.WARN),
        ("permno", 10_000 + CODE**3 * 17, Status.WARN),
        ("sector", CODE % 3, Status.PASS),
        ("employees", 10_000 + CODE**3 * 17, Status.PASS),
        ("age", DAY.cast(pl.Int32) - 3_000 * CODE, Status.PASS),
        ("beta", CODE / 7, Status.PASS),
    ],
)
def test_numbers_of_tickers(name: str, added: pl.Expr, wanted: Status) -> None:
    assert status(time_as_feature, features_of(PANEL.with_columns(added.alias(name)))) is wanted


def test_parts_of_the_calendar_in_a_short_table() -> None:
    short = panel(sessions=120).with_columns(
        day_of_year=DAY.dt.ordinal_day(), month=DAY.dt.month(), week=DAY.dt.week()
    )
    assert status(time_as_feature, features_of(short)) is Status.PASS


def test_tables_in_any_order_and_without_keys() -> None:
    shuffled = PANEL.with_columns(seconds=EPOCH).sample(fraction=1.0, shuffle=True, seed=1)
    assert status(time_as_feature, features_of(shuffled)) is Status.FAIL
    bare = PANEL.drop("ticker", "date").with_columns(n=pl.int_range(pl.len()))
    outcome = measured(time_as_feature, features_of(bare))
    assert isinstance(outcome, Measurement)
    assert outcome.title == "n only counts rows"
