import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from ml_debugger.backtest import metrics, run_backtest
from ml_debugger.errors import DataError, UsageError
from ml_debugger.training import ValidationRecord

Days = list[date]


def stored(folder: Path) -> dict[str, object]:
    return json.loads((folder / "backtest.json").read_text(encoding="utf-8"))


def test_a_test_window_is_accepted_and_recorded(
    positions: pl.DataFrame,
    prices: pl.DataFrame,
    record: ValidationRecord,
    days: Days,
    tmp_path: Path,
) -> None:
    run_backtest(positions, prices, tmp_path, records=[record], start=days[100], end=days[180])
    written = stored(tmp_path)
    assert written["schema"] == "ml-debugger/backtest/1"
    assert written["window"] == {"start": days[100].isoformat(), "end": days[180].isoformat()}
    assert written["trained_through"] == days[200].isoformat()
    assert written["in_sample"] is False
    assert written["position_lag"] == 1
    assert (written["cost_bps"], written["slippage_bps"]) == (5.0, 2.0)
    assert (written["tickers"], written["sessions"]) == (3, 81)
    assert set(written["metrics"]) >= {
        "total_return", "annual_return", "volatility", "sharpe", "sortino", "max_drawdown",
        "calmar", "win_rate", "turnover", "alpha", "beta",
    }  # fmt: skip
    assert set(written["buy_and_hold"]) == set(written["metrics"])


def test_dates_that_a_model_has_seen_are_refused(
    positions: pl.DataFrame,
    prices: pl.DataFrame,
    record: ValidationRecord,
    days: Days,
    tmp_path: Path,
) -> None:
    with pytest.raises(UsageError, match=f"20 dates of the window, from {days[181]}"):
        run_backtest(positions, prices, tmp_path, records=[record])
    assert list(tmp_path.iterdir()) == []
    run = run_backtest(positions, prices, tmp_path, records=[record], allow_in_sample=True)
    assert run.record.in_sample
    assert stored(tmp_path)["in_sample"] is True


def test_dates_after_training_are_accepted(
    positions: pl.DataFrame,
    prices: pl.DataFrame,
    record: ValidationRecord,
    days: Days,
    tmp_path: Path,
) -> None:
    run = run_backtest(positions, prices, tmp_path, records=[record], start=days[201])
    assert not run.record.in_sample
    # A second model that was trained longer proves less.
    longer = replace(record, trained_through=days[230])
    with pytest.raises(UsageError, match="not proven out of sample"):
        run_backtest(positions, prices, tmp_path, records=[record, longer], start=days[201])


def test_without_a_record_nothing_is_proven(
    positions: pl.DataFrame, prices: pl.DataFrame, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match="no record given"):
        run_backtest(positions, prices, tmp_path, records=[])


def test_figures_follow_from_the_stored_equity(
    positions: pl.DataFrame,
    prices: pl.DataFrame,
    record: ValidationRecord,
    days: Days,
    tmp_path: Path,
) -> None:
    run = run_backtest(
        positions, prices, tmp_path, records=[record], start=days[100], end=days[180]
    )
    equity = pl.read_parquet(tmp_path / "equity.parquet")
    assert equity.columns == [
        "date", "equity", "benchmark_equity", "strategy_return", "gross_return", "cost", "exposure",
    ]  # fmt: skip
    assert equity.row(0)[1:] == (1.0, 1.0, 0.0, 0.0, 0.0, 0.0)
    values = equity["equity"].to_numpy()
    returns = values[1:] / values[:-1] - 1
    assert np.allclose(returns, equity["strategy_return"][1:].to_numpy())
    assert run.record.metrics.sharpe == pytest.approx(metrics.sharpe(returns))
    assert run.record.metrics.total_return == pytest.approx(values[-1] - 1)
    theirs = equity["benchmark_equity"].to_numpy()
    assert run.record.buy_and_hold.total_return == pytest.approx(theirs[-1] - 1)
    assert (equity["gross_return"] - equity["cost"] - equity["strategy_return"]).abs().max() < 1e-12


def test_a_window_without_positions_is_refused(
    positions: pl.DataFrame,
    prices: pl.DataFrame,
    record: ValidationRecord,
    tmp_path: Path,
) -> None:
    with pytest.raises(DataError, match="no positions"):
        run_backtest(positions, prices, tmp_path, records=[record], start=date(2030, 1, 1))
