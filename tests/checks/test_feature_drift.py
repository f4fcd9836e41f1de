"""feature-drift: breaks that no earlier time had, and features that are restless by nature."""

from __future__ import annotations

import polars as pl
import pytest

from checks.features.feature_drift import feature_drift
from ml_debugger.contract import Measurement, Status
from tests.checks.feature_panel import STEP, panel
from tests.checks.table_judging import features_of, measured, status

PANEL = panel(sessions=900, tickers=8, late=400)
CUT = pl.col("date") >= pl.col("date").unique().sort().tail(150).first()


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("tickers", [1, 8])
def test_restless_features_are_healthy(seed: int, tickers: int) -> None:
    frame = panel(sessions=900, tickers=tickers, seed=seed).with_columns(
        pl.col("volume").cum_sum().over("ticker").alias("traded"),
        pl.col("date").dt.month().alias("month"),
        pl.col("price").rolling_mean(200).over("ticker").alias("sma_200"),
        pl.col("price").cum_max().over("ticker").alias("highest"),
        (pl.col("ret").abs() > 0.04).cast(pl.Int8).alias("event"),
        STEP.alias("session"),
    )
    assert status(feature_drift, features_of(frame)) is Status.PASS


@pytest.mark.parametrize(
    ("column", "change", "wanted"),
    [
        ("ret", 100 * pl.col("ret"), Status.FAIL),
        ("ret", pl.col("ret") + 0.05, Status.WARN),
        ("vol", pl.col("vol") / 100, Status.FAIL),
        ("price", 100 * pl.col("price"), Status.FAIL),
        ("price", 4 * pl.col("price"), Status.WARN),
        ("rsi", 100 * pl.col("rsi"), Status.FAIL),
        ("ret", 1.5 * pl.col("ret"), Status.PASS),
    ],
)
@pytest.mark.parametrize("tickers", [1, 8])
def test_breaks(column: str, change: pl.Expr, wanted: Status, tickers: int) -> None:
    frame = PANEL.filter(pl.col("ticker") < f"T{tickers}")
    broken = frame.with_columns(pl.when(CUT).then(change).otherwise(column).alias(column))
    assert status(feature_drift, features_of(broken)) is wanted


def test_a_break_is_dated_near_its_first_session() -> None:
    broken = PANEL.with_columns(
        pl.when(CUT).then(100 * pl.col("ret")).otherwise("ret").alias("ret")
    )
    outcome = measured(feature_drift, features_of(broken))
    assert isinstance(outcome, Measurement)
    begin = broken.filter(CUT)["date"].min()
    named = str(outcome.evidence[0].where).split("near ")[1][:10]
    at = PANEL["date"].unique().sort().cast(pl.String).to_list()
    assert abs(at.index(named) - at.index(str(begin))) <= 20


def test_an_episode_that_ends_is_no_drift() -> None:
    episode = STEP.is_between(600, 640)
    wild = PANEL.with_columns(
        pl.when(episode).then(30 * pl.col("ret")).otherwise("ret").alias("ret")
    )
    assert status(feature_drift, features_of(wild)) is Status.PASS


def test_one_ticker_of_many_is_no_drift() -> None:
    odd = pl.when(CUT & (pl.col("ticker") == "T2")).then(50 * pl.col("ret")).otherwise("ret")
    assert status(feature_drift, features_of(PANEL.with_columns(odd.alias("ret")))) is Status.PASS


def test_short_tables_are_not_judged() -> None:
    assert status(feature_drift, features_of(panel(sessions=150, tickers=1))) is Status.SKIP
