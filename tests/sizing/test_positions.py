import json
from pathlib import Path

import polars as pl
import pytest

from ml_debugger.errors import DataError, UsageError
from ml_debugger.sizing import Limits, size_positions


def test_positions_stay_within_the_limits(
    predictions: pl.DataFrame, prices: pl.DataFrame, tmp_path: Path
) -> None:
    run = size_positions(predictions, prices, tmp_path, horizon=1)
    assert run.positions.columns == ["ticker", "date", "position", "prediction"]
    assert run.positions["position"].is_between(-0.1, 1.8).all()
    assert run.positions["position"].min() == -0.1
    assert run.positions["position"].max() == 1.8
    assert pl.read_parquet(tmp_path / "positions.parquet").equals(run.positions)


def test_without_evidence_the_position_is_the_base_bias(
    predictions: pl.DataFrame, prices: pl.DataFrame, tmp_path: Path
) -> None:
    run = size_positions(predictions, prices, tmp_path, horizon=1)
    first = run.positions["date"].min()
    assert run.positions.filter(pl.col("date") == first)["position"].to_list() == [1.3, 1.3]


def test_the_record_says_what_was_done(
    predictions: pl.DataFrame, prices: pl.DataFrame, tmp_path: Path
) -> None:
    size_positions(predictions, prices, tmp_path, horizon=1)
    record = json.loads((tmp_path / "sizing.json").read_text(encoding="utf-8"))
    expected = {
        "schema": "ml-debugger/sizing/1",
        "horizon": 1,
        "max_long": 1.8,
        "max_short": 0.1,
        "base_bias": 1.3,
        "breaker_drawdown": 0.25,
        "breaker_position": 0.6,
        "kelly_fraction": 0.5,
        "win_rate_source": "hold-out",
    }
    assert expected.items() <= record.items()
    assert 0.5 <= record["win_rate"] <= 0.6


def test_a_position_uses_nothing_after_its_date(
    predictions: pl.DataFrame, prices: pl.DataFrame, tmp_path: Path
) -> None:
    past = pl.col("date") <= prices["date"].unique().sort()[250]
    whole = size_positions(predictions, prices, tmp_path / "a", horizon=1).positions.filter(past)
    cut = size_positions(
        predictions.filter(past), prices.filter(past), tmp_path / "b", horizon=1
    ).positions
    assert whole.equals(cut)


def test_a_crash_cuts_positions_to_the_breaker(
    predictions: pl.DataFrame, prices: pl.DataFrame, tmp_path: Path
) -> None:
    days = prices["date"].unique().sort()
    crash = pl.when(pl.col("date") > days[200]).then(0.6).otherwise(1.0)
    crashed = prices.with_columns(pl.col("close") * crash)
    run = size_positions(predictions, crashed, tmp_path, horizon=1)
    after = run.positions.filter(pl.col("date") == days[201])
    assert after["position"].max() == 0.6
    assert run.record.breaker_days > 0


def test_unknown_horizons_and_bars_are_refused(
    predictions: pl.DataFrame, prices: pl.DataFrame, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match=r"no predictions for horizon 20; the table has \[1\]"):
        size_positions(predictions, prices, tmp_path, horizon=20)
    with pytest.raises(DataError, match=r"a prediction for B on .* has no bar"):
        size_positions(predictions, prices.filter(pl.col("ticker") == "A"), tmp_path, horizon=1)


@pytest.mark.parametrize("wrong", [{"base_bias": 2.0}, {"max_short": -1.0}, {"kelly_fraction": 2}])
def test_contradictory_limits_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(UsageError):
        Limits(**wrong)
