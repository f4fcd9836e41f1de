"""full-sample-scaling: exact over all rows and not over the training rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from checks.leakage.full_sample_scaling import full_sample_scaling
from ml_debugger.artifacts import FeatureTable, Scaler, Split, Window
from ml_debugger.contract import Measurement, Status
from ml_debugger.testing.twins import market
from tests.checks.table_judging import features_of, measured, planted, read, status, twin_market

LABELS = tuple(f"label_{h}" for h in market.HORIZONS)
Scale = Callable[[str], pl.Expr]


@pytest.fixture(scope="module")
def table() -> pl.DataFrame:
    return market.with_features(market.bars(np.random.default_rng(7)))


def names(frame: pl.DataFrame) -> list[str]:
    return [c for c in frame.columns if c not in ("ticker", "date", *LABELS)]


def split_of(frame: pl.DataFrame, share: float = 0.7) -> Split:
    days = frame["date"].unique().sort()
    cut = int(share * len(days))
    windows = (
        Window("train", None, days[0], days[cut]),
        Window("test", None, days[cut + 6], days[-1]),
    )
    return Split("validation.json", "validation.json", windows, 5, None, None)


def judged(frame: pl.DataFrame, split: Split | None = None, scaler: Scaler | None = None) -> Status:
    return status(full_sample_scaling, features_of(frame, LABELS), split, scaler)  # type: ignore[arg-type]


def standard(name: str) -> pl.Expr:
    return (pl.col(name) - pl.col(name).mean()) / pl.col(name).std(ddof=0)


def sample_deviation(name: str) -> pl.Expr:
    return (pl.col(name) - pl.col(name).mean()) / pl.col(name).std()


def per_ticker(name: str) -> pl.Expr:
    return standard(name).over("ticker")


def robust(name: str) -> pl.Expr:
    value = pl.col(name)
    spread = value.quantile(0.75, "linear") - value.quantile(0.25, "linear")
    return (value - value.median()) / spread


def min_max(name: str) -> pl.Expr:
    low, high = pl.col(name).min(), pl.col(name).max()
    return ((pl.col(name) - low) / (high - low)).over("ticker")


def filled(name: str) -> pl.Expr:
    return standard(name).fill_null(0.0)


def single(name: str) -> pl.Expr:
    return standard(name).cast(pl.Float32)


def rounded(name: str) -> pl.Expr:
    return standard(name).round(4)


FULL = (standard, sample_deviation, per_ticker, robust, min_max, filled, single, rounded)


def per_date(name: str) -> pl.Expr:
    return standard(name).over("date")


def rank_per_date(name: str) -> pl.Expr:
    return (pl.col(name).rank() / pl.col(name).count()).over("date")


def rolling(name: str) -> pl.Expr:
    value = pl.col(name)
    score = (value - value.rolling_mean(60)) / value.rolling_std(60)
    return score.over("ticker")


def training_only(name: str) -> pl.Expr:
    early = pl.col(name).filter(pl.col("date") <= pl.col("date").unique().quantile(0.7))
    return (pl.col(name) - early.mean()) / early.std(ddof=0)


CAUSAL = (pl.col, per_date, rank_per_date, rolling, training_only)


@pytest.mark.parametrize("scale", FULL, ids=lambda scale: scale.__name__)
def test_a_scaler_of_all_rows_fails_where_the_split_is_known(
    scale: Scale, table: pl.DataFrame
) -> None:
    scaled = table.with_columns(scale(name).alias(name) for name in names(table))
    assert judged(scaled, split_of(table)) is Status.FAIL
    assert judged(scaled) is Status.WARN


@pytest.mark.parametrize("scale", CAUSAL, ids=lambda scale: scale.__name__)
def test_what_was_known_at_the_time_is_silent(scale: Scale, table: pl.DataFrame) -> None:
    scaled = table.with_columns(scale(name).alias(name) for name in names(table))
    assert judged(scaled, split_of(table)) is Status.PASS
    assert judged(scaled) is Status.PASS


def test_one_scaled_column_is_enough_and_is_named(table: pl.DataFrame) -> None:
    scaled = table.with_columns(standard("return_5").alias("return_5"))
    outcome = measured(full_sample_scaling, features_of(scaled, LABELS), split_of(table), None)  # type: ignore[arg-type]
    assert isinstance(outcome, Measurement)
    assert outcome.title == "return_5 has mean 0 and std 1 over all rows"
    assert outcome.values["beyond_training"] == 1


def test_bounded_columns_reach_their_bounds_by_definition(table: pl.DataFrame) -> None:
    day = pl.col("date").dt.ordinal_day() * 2 * np.pi / 365
    bounded = table.with_columns(
        sin_day=day.sin(),
        wave=day.cos(),
        dummy=(pl.col("date").dt.weekday() == 1).cast(pl.Float64),
        oscillator=pl.col("rsi_14"),
        spot=(pl.col("return_1").rank("dense").over("date") / 12).cast(pl.Float32),
    )
    assert judged(bounded, split_of(table)) is Status.PASS


def test_a_training_file_scaled_on_itself_is_right(table: pl.DataFrame) -> None:
    cut = split_of(table).windows[0].end
    early = table.filter(pl.col("date") <= cut)
    scaled = early.with_columns(standard(name).alias(name) for name in names(table))
    assert judged(scaled, split_of(table)) is Status.PASS
    named = replace(features_of(scaled, LABELS), path="data/X_train.parquet")
    assert status(full_sample_scaling, named, None, None) is Status.PASS  # type: ignore[arg-type]


def test_a_test_file_scaled_on_itself_fails(table: pl.DataFrame) -> None:
    late = table.filter(pl.col("date") > split_of(table).windows[0].end)
    scaled = late.with_columns(standard(name).alias(name) for name in names(table))
    named = replace(features_of(scaled, LABELS), path="data/X_test.parquet")
    assert status(full_sample_scaling, named, None, None) is Status.FAIL  # type: ignore[arg-type]


def test_files_that_were_scaled_together_fail(table: pl.DataFrame) -> None:
    scaled = table.with_columns(standard(name).alias(name) for name in names(table))
    cut = split_of(table).windows[0].end
    train = features_of(scaled.filter(pl.col("date") <= cut), LABELS)
    test = features_of(scaled.filter(pl.col("date") > cut), LABELS)
    split = replace(split_of(table), tables={"train": train, "test": test})
    assert status(full_sample_scaling, train, split, None) is Status.FAIL  # type: ignore[arg-type]


def test_the_table_s_own_column_tells_the_training_rows(table: pl.DataFrame) -> None:
    part = pl.when(pl.col("date") <= split_of(table).windows[0].end).then(pl.lit("train"))
    marked = table.with_columns(split=part.otherwise(pl.lit("test")))
    scaled = marked.with_columns(standard(name).alias(name) for name in names(table))
    features = replace(features_of(scaled, (*LABELS, "split")), path="features.parquet")
    split = replace(
        split_of(table),
        path="features.parquet",
        windows=(),
        column="split",
        column_parts={"train": "train", "test": "test"},
    )
    assert status(full_sample_scaling, features, split, None) is Status.FAIL  # type: ignore[arg-type]


def scaler_over(frame: pl.DataFrame, kind: str = "standard", **fields: object) -> Scaler:
    columns = [frame[name].drop_nulls() for name in names(frame)]
    centre = [c.mean() if kind == "standard" else c.min() for c in columns]
    scale = [
        c.std(ddof=0) if kind == "standard" else c.max() - c.min()  # type: ignore[operator]
        for c in columns
    ]
    known = {"features": tuple(names(frame)), "samples": frame.height} | fields
    return Scaler("scaler.pkl", "scaler.pkl", kind, tuple(centre), tuple(scale), **known)  # type: ignore[arg-type]


@pytest.mark.parametrize("named", [True, False], ids=["by name", "by position"])
def test_a_saved_scaler_of_all_rows_fails(named: bool, table: pl.DataFrame) -> None:
    fields = {} if named else {"features": ()}
    assert judged(table, split_of(table), scaler_over(table, **fields)) is Status.FAIL
    assert judged(table, None, scaler_over(table, **fields)) is Status.WARN


def test_a_scaler_written_with_few_places_is_known(table: pl.DataFrame) -> None:
    whole = scaler_over(table.with_columns(pl.col(names(table)) * 100))
    rounded = replace(
        whole,
        centre=tuple(round(c, 5) for c in whole.centre),
        scale=tuple(round(s, 5) for s in whole.scale),
    )
    raw = table.with_columns(pl.col(names(table)) * 100)
    assert judged(raw, split_of(table), rounded) is Status.FAIL


def test_a_saved_scaler_of_the_training_rows_is_right(table: pl.DataFrame) -> None:
    early = table.filter(pl.col("date") <= split_of(table).windows[0].end)
    assert judged(table, split_of(table), scaler_over(early)) is Status.PASS
    assert judged(table, split_of(table), scaler_over(early, "min-max")) is Status.PASS


def test_the_number_of_rows_speaks_where_the_moments_do_not(table: pl.DataFrame) -> None:
    elsewhere = table.with_columns(pl.col(names(table)) * 1.5)
    assert judged(table, split_of(table), scaler_over(elsewhere)) is Status.FAIL
    other = scaler_over(elsewhere, samples=table.height - 1)
    assert judged(table, split_of(table), other) is Status.PASS


def test_too_few_rows_are_not_measured(table: pl.DataFrame) -> None:
    assert judged(table.head(20)) is Status.SKIP


def test_fires_on_its_planted_fault(tmp_path: Path) -> None:
    twin_market(tmp_path)
    file = tmp_path / "data/features.parquet"
    assert status(full_sample_scaling, read(file, FeatureTable), None, None) is Status.PASS  # type: ignore[arg-type]
    planted(tmp_path, "full-sample-scaling")
    assert status(full_sample_scaling, read(file, FeatureTable), None, None) is Status.WARN  # type: ignore[arg-type]
