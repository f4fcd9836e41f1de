"""The sample of a feature table: bounded, spread over all of it, whole tickers in order."""

from __future__ import annotations

import polars as pl
import pytest

from checks.features.unscaled_feature import unscaled_feature
from ml_debugger.artifacts import FeatureTable
from ml_debugger.runtime import sampling
from ml_debugger.runtime.scan import look
from tests.checks.table_judging import features_of


def panel(tickers: int, days: int, *, keys: bool = True) -> FeatureTable:
    """Days within tickers; `x` counts the rows; by date, so that no ticker stands together."""
    frame = pl.DataFrame(
        {
            "ticker": [f"T{n:03}" for n in range(tickers)] * days,
            "date": [day for day in range(days) for _ in range(tickers)],
        }
    ).with_columns(pl.col("date").cast(pl.Date), x=pl.int_range(pl.len()).cast(pl.Float64))
    return features_of(frame if keys else frame.drop("ticker"))


def sample(table: FeatureTable):
    found = look(table, [unscaled_feature])[unscaled_feature.code]
    assert not isinstance(found, Exception)
    return found[0]


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sampling, "SPREAD_ROWS", 100)
    monkeypatch.setattr(sampling, "SERIES_ROWS", 200)


def test_a_small_table_is_its_own_sample() -> None:
    found = sample(panel(5, 10))
    assert found.step == 1
    assert found.spread["x"].to_list() == list(range(50))
    assert found.series.height == 50


def test_the_spread_takes_every_nth_row_of_the_file() -> None:
    found = sample(panel(10, 100))
    assert found.step == 10
    assert found.spread["x"].to_list() == list(range(0, 1000, 10))


def test_the_series_are_whole_tickers_in_order_from_all_over_the_alphabet() -> None:
    found = sample(panel(100, 50))
    counts = found.series.group_by("ticker").len()
    assert counts["len"].unique().to_list() == [50]
    assert 1 <= counts.height <= 4
    assert max(counts["ticker"]) >= "T050"
    assert found.series.equals(found.series.sort("ticker", "date"))


@pytest.mark.parametrize("by_ticker", [False, True])
def test_a_ticker_longer_than_the_sample_gives_its_end(by_ticker: bool) -> None:
    table = panel(2, 500)
    if by_ticker:
        table = features_of(table.frame.collect().sort("ticker", maintain_order=True))
    found = sample(table)
    assert found.series["ticker"].n_unique() == 1
    assert found.series.height == 200
    assert found.series["x"].max() >= 998


def test_without_tickers_the_series_is_the_end_of_the_table() -> None:
    found = sample(panel(1, 1000, keys=False))
    assert found.series["x"].to_list() == list(range(800, 1000))
