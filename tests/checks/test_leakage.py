"""Checks of leakage into features."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checks.leakage.target_in_features import target_in_features
from ml_debugger.artifacts import FeatureTable
from ml_debugger.contract import Measurement, Status
from tests.checks.table_judging import features_of, measured, planted, read, status, twin_market


def returns(rows: int = 800, seed: int = 1) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    moves = rng.normal(0, 0.01, rows + 5)
    return pl.DataFrame(
        {
            "return_1": moves[:rows],
            "momentum_5": np.convolve(moves, np.ones(5), "valid")[:rows],
            "rsi": rng.uniform(0, 1, rows),
            "label_1": moves[1 : rows + 1],
        }
    )


def found(frame: pl.DataFrame, *labels: str) -> Status:
    return status(target_in_features, features_of(frame, labels or ("label_1",)))


@pytest.mark.parametrize("seed", [7, 8, 9])
def test_silent_on_the_twin(seed: int, tmp_path: Path) -> None:
    features = read(twin_market(tmp_path, seed) / "data/features.parquet", FeatureTable)
    assert status(target_in_features, features) is Status.PASS


@pytest.mark.parametrize("seed", [7, 8])
def test_fires_on_its_planted_fault(seed: int, tmp_path: Path) -> None:
    twin_market(tmp_path)
    planted(tmp_path, "target-in-features", seed)
    features = read(tmp_path / "data/features.parquet", FeatureTable)
    outcome = measured(target_in_features, features)
    assert isinstance(outcome, Measurement)
    assert outcome.title.startswith("momentum_1d holds label_5")


@pytest.mark.parametrize(
    "leak",
    [
        pl.col("label_1"),
        -250 * pl.col("label_1") + 3,
        pl.col("label_1").log1p(),
        pl.col("label_1") + 0.002 * (pl.int_range(pl.len()) % 5 - 2),
    ],
    ids=["equal", "multiple", "logarithm", "noisy"],
)
def test_copies_of_the_label_are_found(leak: pl.Expr) -> None:
    assert found(returns().with_columns(leaked=leak)) is Status.FAIL


def test_past_returns_are_healthy() -> None:
    assert found(returns()) is Status.PASS


def test_a_class_and_the_return_behind_it() -> None:
    frame = returns().with_columns(target=(pl.col("label_1") > 0).cast(pl.Int8))
    assert found(frame.drop("label_1"), "target") is Status.PASS
    leaking = frame.rename({"label_1": "log_returns"})
    assert found(leaking, "target") in (Status.WARN, Status.FAIL)


def test_a_future_price_moves_with_the_price_by_nature() -> None:
    frame = returns().with_columns(price=100 * pl.col("return_1").cum_sum().exp())
    level = frame.select("price", "rsi", target=pl.col("price").shift(-1))
    assert found(level, "target") is Status.PASS
    copied = level.with_columns(tomorrow=pl.col("target") * 2)
    assert found(copied, "target") is Status.FAIL


def test_overlapping_labels_of_a_short_series_prove_nothing() -> None:
    frame = returns(300)
    price = pl.col("return_1").cum_sum()
    overlapping = frame.select(level=price, label_60=price.shift(-60) - price)
    assert found(overlapping, "label_60") is Status.PASS


def test_missing_cells_are_left_out() -> None:
    row = pl.int_range(pl.len())
    frame = returns().with_columns(
        leaked=pl.when(row > 50).then(pl.col("label_1")).otherwise(float("nan")),
        label_1=pl.when(row < 790).then("label_1"),
    )
    assert found(frame) is Status.FAIL


def test_nothing_to_compare_is_no_pass() -> None:
    assert status(target_in_features, features_of(returns())) is Status.SKIP
    assert found(returns().with_columns(label_1=0.0)) is Status.SKIP
    assert found(returns(20)) is Status.SKIP


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), rows=st.integers(40, 300))
def test_noise_raises_no_alarm(seed: int, rows: int) -> None:
    rng = np.random.default_rng(seed)
    noise = pl.DataFrame({f"f{n}": rng.standard_t(3, rows) for n in range(30)})
    assert found(noise.with_columns(label_1=pl.Series(rng.standard_t(3, rows)))) is Status.PASS
