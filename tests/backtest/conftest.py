"""A small market, positions on it, and a record that proves part of the time out of sample."""

from datetime import date

import numpy as np
import polars as pl
import pytest

from ml_debugger.training.record import FoldScore, LabelStats, Span, ValidationRecord


@pytest.fixture(scope="session")
def days() -> list[date]:
    span = pl.date_range(date(2023, 1, 2), date(2023, 12, 29), "1d", eager=True)
    return span.filter(span.dt.weekday() < 6).to_list()


@pytest.fixture(scope="session")
def prices(days: list[date]) -> pl.DataFrame:
    rng = np.random.default_rng(2)
    tables = []
    for ticker in ("A", "B", "C"):
        close = 50 * np.cumprod(1 + rng.normal(0.0005, 0.015, len(days)))
        table = pl.DataFrame({"ticker": [ticker] * len(days), "date": days, "close": close})
        # B misses a week, C starts late and ends early.
        keep = {"A": range(len(days)), "B": [*range(150), *range(155, 260)], "C": range(120, 220)}
        tables.append(table[list(keep[ticker])])
    return pl.concat(tables)


@pytest.fixture(scope="session")
def positions(prices: pl.DataFrame, days: list[date]) -> pl.DataFrame:
    rng = np.random.default_rng(3)
    table = prices.filter(pl.col("date") >= days[100]).select("ticker", "date")
    return table.with_columns(pl.Series("position", rng.uniform(-0.1, 1.8, len(table))))


@pytest.fixture(scope="session")
def record(days: list[date]) -> ValidationRecord:
    fold = FoldScore(
        fold=0,
        train=Span(days[0], days[60], 180),
        validation=Span(days[70], days[90], 60),
        test=Span(days[100], days[180], 240),
        train_accuracy=0.56,
        validation_accuracy=0.55,
        test_accuracy=0.52,
        baseline_accuracy=0.51,
        wfe=40.0,
    )
    return ValidationRecord(
        model="xgboost",
        horizon=5,
        mode="anchored",
        purge=5,
        embargo=4,
        lookback=0,
        folds=[fold],
        train_accuracy=0.56,
        validation_accuracy=0.55,
        test_accuracy=0.52,
        wfe=40.0,
        label_stats=LabelStats(0.5, 0.0, 0.01, 0.5, 0.0, 0.01),
        trained_through=days[200],
        created="2024-01-01T00:00:00Z",
    )
