"""duplicate-feature: exact copies and multiples, and what only looks like them."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.features.affine import Affine, candidates, relation
from checks.features.duplicate_feature import duplicate_feature
from ml_debugger.contract import Measurement, Status
from tests.checks.feature_panel import STEP, panel
from tests.checks.table_judging import features_of, measured, status

PANEL = panel()


@pytest.mark.parametrize(
    ("added", "words"),
    [
        (pl.col("ret"), "added is ret"),
        (pl.col("ret") * 100, "added is ret times 100"),
        (pl.col("rsi") * 100 - 100, "added is rsi times 100 less 100"),
        (pl.col("vol").cast(pl.Float32), "added is vol"),
        (pl.when(STEP > 80).then("price"), "added is price"),
        (-pl.col("obv"), "added is obv times -1"),
        (pl.col("ret").log1p(), None),
        (pl.col("price").round(1), None),
        (pl.col("ret") + pl.when(STEP == 300).then(0.001).otherwise(0), None),
        (pl.col("ret").shift().over("ticker"), None),
        (pl.lit(1.0), None),
    ],
)
def test_one_column(added: pl.Expr, words: str | None) -> None:
    outcome = measured(duplicate_feature, features_of(PANEL.with_columns(added=added)))
    assert isinstance(outcome, Measurement)
    assert outcome.title == (words or f"No two of {len(PANEL.columns) - 1} features are copies")


@pytest.mark.parametrize(
    ("first", "second", "wanted"),
    [
        ("close", "adj_close", Status.PASS),
        ("sma_20", "bb_middle", Status.WARN),
    ],
)
def test_raw_prices_may_be_equal(first: str, second: str, wanted: Status) -> None:
    frame = PANEL.select("ticker", "date", "ret", pl.col("price").alias(first))
    frame = frame.with_columns(pl.col(first).alias(second))
    assert status(duplicate_feature, features_of(frame)) is wanted


@pytest.mark.parametrize(
    ("flag", "other", "wanted"),
    [
        (pl.col("ret") > 0, pl.col("ret") <= 0, Status.PASS),
        (pl.col("ret") > 0, pl.col("ret") > 0, Status.WARN),
        (STEP == 5, STEP == 5, Status.PASS),
    ],
    ids=["yes and no", "the same flag", "too rare to tell"],
)
def test_flags(flag: pl.Expr, other: pl.Expr, wanted: Status) -> None:
    frame = panel(tickers=1).with_columns(a=flag.cast(pl.Int8), b=other.cast(pl.Int8))
    assert status(duplicate_feature, features_of(frame)) is wanted


def test_each_copy_counts_once() -> None:
    frame = PANEL.with_columns(a=pl.col("ret"), b=2 * pl.col("ret"), c=pl.col("vol"))
    outcome = measured(duplicate_feature, features_of(frame))
    assert isinstance(outcome, Measurement)
    assert outcome.values == {"duplicate_features": 3}


@given(
    st.floats(1e-6, 1e6).flatmap(lambda size: st.sampled_from([size, -size])),
    st.floats(-1e3, 1e3),
)
def test_any_affine_copy_is_found(factor: float, offset: float) -> None:
    x = np.random.default_rng(3).standard_normal(200)
    y = factor * x + offset * abs(factor)
    assert candidates(np.column_stack([x, y, x**2])) == [(0, 1)]
    found = relation(x, y, 2.3e-16)
    assert found is not None
    assert found.factor == pytest.approx(factor, rel=1e-6)


def test_relations_in_words() -> None:
    assert Affine(1.0, 0.0).words == "equal"
    assert Affine(1.0, -100.0).words == "less 100"
    assert Affine(0.01, 0.5).words == "times 0.01 plus 0.5"
