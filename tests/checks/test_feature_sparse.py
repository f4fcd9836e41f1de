"""sparse-feature: sources that begin or end, windows that fill, and regular sparsity."""

from __future__ import annotations

import polars as pl
import pytest

from checks.features.sparse_feature import sparse_feature
from ml_debugger.contract import Measurement, Status
from tests.checks.feature_panel import STEP, panel
from tests.checks.table_judging import features_of, measured, status

PANEL = panel(sessions=900, late=300)
SINGLE = panel(sessions=900, tickers=1)
AT = pl.col("date").rank("dense")


def from_session(step: int) -> pl.Expr:
    """Returns from a session on, nothing before."""
    return pl.when(step <= AT).then("ret")


@pytest.mark.parametrize(
    ("name", "added", "wanted"),
    [
        ("x", from_session(450), Status.FAIL),
        ("x", from_session(120), Status.WARN),
        ("x", from_session(450).fill_null(0.0), Status.FAIL),
        ("x", from_session(450).fill_null(float("nan")), Status.FAIL),
        ("x", pl.when(AT < 500).then("ret"), Status.FAIL),
        ("x", pl.when(STEP >= 250).then("ret"), Status.PASS),
        ("x", pl.when(STEP % 5 == 0).then("ret"), Status.PASS),
        ("x", pl.when(STEP % 63 == 7).then("ret"), Status.PASS),
        ("x", pl.when(pl.col("ticker") != "T1").then("ret"), Status.PASS),
        ("x", pl.max_horizontal("price", 90.0), Status.PASS),
        ("x", (AT > 500).cast(pl.Int8), Status.PASS),
        ("x", (pl.col("ret") > 0.03) * pl.col("ret"), Status.PASS),
    ],
)
def test_panel(name: str, added: pl.Expr, wanted: Status) -> None:
    assert status(sparse_feature, features_of(PANEL.with_columns(added.alias(name)))) is wanted


@pytest.mark.parametrize(
    ("name", "start", "wanted"),
    [
        ("high_252", 251, Status.PASS),
        ("sma_400", 399, Status.PASS),
        ("beta", 252, Status.PASS),
        ("news_sentiment", 252, Status.FAIL),
        ("beta", 450, Status.FAIL),
    ],
)
def test_the_start_of_a_single_ticker(name: str, start: int, wanted: Status) -> None:
    frame = SINGLE.with_columns(from_session(start).alias(name))
    assert status(sparse_feature, features_of(frame)) is wanted


def test_the_date_and_the_rows_are_named() -> None:
    frame = PANEL.with_columns(score=pl.when(AT < 500).then("ret"))
    outcome = measured(sparse_feature, features_of(frame))
    assert isinstance(outcome, Measurement)
    begin = frame.filter(AT == 500)["date"][0]
    assert outcome.title.startswith(f"score has no values from {begin} (")
    assert outcome.rows is not None
    assert outcome.rows()["time"].min() == begin


def test_short_tables_are_not_judged() -> None:
    assert status(sparse_feature, features_of(panel(sessions=60, tickers=1))) is Status.SKIP
