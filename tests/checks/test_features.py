"""Checks of feature tables: warm-up and ordinary scales are healthy."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from checks.features.non_finite_feature import non_finite_feature
from checks.features.unscaled_feature import unscaled_feature
from ml_debugger.artifacts import FeatureTable
from ml_debugger.contract import Check, Measurement, Status
from tests.checks.table_judging import features_of, measured, planted, read, status, twin_market

CHECKS = (non_finite_feature, unscaled_feature)
ROW = pl.int_range(pl.len())


def table(rows: int = 400) -> pl.DataFrame:
    """Two tickers, one of them listed later, with scales that stand beside each other."""
    rng = np.random.default_rng(5)
    days = [date(2020, 1, 1) + timedelta(days=n) for n in range(rows)]
    part = pl.DataFrame(
        {
            "date": days,
            "return_1": rng.normal(0, 0.01, rows),
            "rsi_14": rng.uniform(10, 90, rows),
            "macd": rng.normal(0, 2, rows),
            "close_to_sma": rng.normal(1, 0.05, rows),
        }
    )
    late = part.tail(rows // 2)
    return pl.concat([part.with_columns(ticker=pl.lit("A")), late.with_columns(ticker=pl.lit("B"))])


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
@pytest.mark.parametrize("seed", [7, 8, 9])
def test_silent_on_the_twin(check: Check, seed: int, tmp_path: Path) -> None:
    features = read(twin_market(tmp_path, seed) / "data/features.parquet", FeatureTable)
    assert status(check, features) is Status.PASS


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_fires_on_its_planted_fault(check: Check, tmp_path: Path) -> None:
    twin_market(tmp_path)
    planted(tmp_path, check.name)
    features = read(tmp_path / "data/features.parquet", FeatureTable)
    assert status(check, features) is Status.FAIL


def test_warm_up_of_each_ticker_is_healthy() -> None:
    warm = table().with_columns(
        macd=pl.when(ROW.over("ticker") >= 26).then("macd"),
        rsi_14=pl.when(ROW.over("ticker") >= 14).then("rsi_14").otherwise(float("nan")),
    )
    assert status(non_finite_feature, features_of(warm)) is Status.PASS
    shuffled = warm.sample(fraction=1.0, shuffle=True, seed=1)
    assert status(non_finite_feature, features_of(shuffled)) is Status.PASS
    keyless = warm.filter(ticker="A").drop("ticker", "date")
    assert status(non_finite_feature, features_of(keyless)) is Status.PASS


def test_empty_tails_of_labels_are_healthy() -> None:
    labelled = table().with_columns(label_5=pl.col("return_1").shift(-5).over("ticker"))
    assert status(non_finite_feature, features_of(labelled, ["label_5"])) is Status.PASS


@pytest.mark.parametrize("cell", [None, float("nan")])
def test_one_hole_warns(cell: float | None) -> None:
    holed = table().with_columns(macd=pl.when(ROW == 100).then(cell).otherwise("macd"))
    outcome = measured(non_finite_feature, features_of(holed))
    assert isinstance(outcome, Measurement)
    assert status(non_finite_feature, features_of(holed)) is Status.WARN
    assert outcome.evidence[0].where == "macd from A 2020-04-10"


def test_infinite_and_empty_features_fail() -> None:
    infinite = table().with_columns(macd=pl.when(ROW == 100).then(float("-inf")).otherwise("macd"))
    assert status(non_finite_feature, features_of(infinite)) is Status.FAIL
    empty = table().with_columns(macd=pl.lit(None, pl.Float64))
    assert status(non_finite_feature, features_of(empty)) is Status.FAIL


def test_rows_of_odd_cells_are_named() -> None:
    odd = table().with_columns(
        rsi_14=pl.when(ROW == 30).then(float("inf")).when(ROW > 5).then(pl.col("rsi_14")),
        macd=pl.when(ROW != 41).then(pl.col("macd")),
    )
    outcome = measured(non_finite_feature, features_of(odd))
    assert isinstance(outcome, Measurement)
    assert outcome.rows is not None
    named = outcome.rows().select("column", "detail").rows()
    assert named == [("rsi_14", "infinite"), ("macd", "missing after the warm-up")]


def test_whole_numbers_cannot_be_infinite() -> None:
    counted = table().with_columns(streak=ROW % 7)
    assert status(non_finite_feature, features_of(counted)) is Status.PASS


@pytest.mark.parametrize(
    ("scale", "wanted"), [(1.0, Status.PASS), (5e4, Status.WARN), (1.2e6, Status.FAIL)]
)
def test_scale_relative_to_the_other_features(scale: float, wanted: Status) -> None:
    rng = np.random.default_rng(1)
    small = table().with_columns(pl.col("rsi_14", "macd") / 40)
    volume = small.with_columns(volume=pl.Series(rng.normal(0, scale, small.height)))
    assert status(unscaled_feature, features_of(volume)) is wanted


def test_a_table_of_large_scales_throughout_is_healthy() -> None:
    large = table().with_columns(pl.col("return_1", "rsi_14", "macd", "close_to_sma") * 1e7)
    assert status(unscaled_feature, features_of(large)) is Status.PASS


def test_few_rows_are_not_judged() -> None:
    few = features_of(table(10))
    assert status(non_finite_feature, few) is Status.SKIP
    assert status(unscaled_feature, few) is Status.SKIP
