"""Backtest records: figures, rules and the series behind them."""

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_debugger.artifacts import Backtest
from ml_debugger.readers.head import read_head
from ml_debugger.readers.records.backtest import READER

Write = Callable[[str, str | bytes], Path]


def backtests(write: Write, content: Any, name: str = "summary.json") -> list[Backtest]:
    file = write(name, content if isinstance(content, str) else json.dumps(content))
    head = read_head(file, name)
    kind = READER.recognise(head)
    assert kind == "backtest-record"
    return [a for a in READER.read(head, kind).artifacts if isinstance(a, Backtest)]


ENGINE = {
    "schema": "ml-debugger/backtest/1",
    "window": {"start": "2021-01-04", "end": "2021-12-31"},
    "trained_through": "2020-12-31",
    "in_sample": False,
    "position_lag": 1,
    "cost_bps": 5.0,
    "slippage_bps": 2.0,
    "metrics": {"total_return": 0.12, "max_drawdown": -0.08, "sharpe": 0.9, "win_rate": 0.53},
    "buy_and_hold": {"total_return": 0.10, "max_drawdown": -0.12, "sharpe": 0.6},
    "tickers": 12,
    "sessions": 252,
}


def test_reads_the_engines_record_with_the_equity_beside_it(write: Write, tmp_path: Path) -> None:
    pl.DataFrame(
        {"date": [date(2021, 1, 5), date(2021, 1, 4)], "equity": [1.1, 1.0]}
    ).write_parquet(tmp_path / "equity.parquet")
    (backtest,) = backtests(write, ENGINE, "backtest.json")
    assert backtest.metrics["total_return"] == 0.12
    assert backtest.metrics["benchmark_return"] == 0.10
    assert (backtest.start, backtest.end) == (date(2021, 1, 4), date(2021, 12, 31))
    assert (backtest.position_lag, backtest.in_sample, backtest.cost_bps) == (1, False, 5.0)
    assert backtest.series is not None
    assert backtest.series["equity"].to_list() == [1.0, 1.1]


def test_a_record_without_equity_has_no_series(write: Write) -> None:
    (backtest,) = backtests(write, ENGINE)
    assert backtest.series is None


def test_a_broken_table_beside_the_record_does_not_hide_it(write: Write, tmp_path: Path) -> None:
    (tmp_path / "equity.parquet").write_bytes(b"PAR1 but not whole")
    (backtest,) = backtests(write, ENGINE)
    assert backtest.series is None


@pytest.mark.parametrize(
    "content",
    [
        {"sharpe": 0.9, "max_drawdown": -0.08, "total_return": 0.12, "win_rate": 0.53},
        {"sharpe_ratio": 0.9, "max_drawdown": 8.0, "strategy_return": 12.0, "win_rate": 53.0},
        {"Sharpe Ratio": 0.9, "Max. Drawdown [%]": -8.0, "Return [%]": 12.0, "Win Rate [%]": 53.0},
        {
            "metrics": {
                "sharpe": 0.9,
                "max_drawdown_pct": 8,
                "total_return_pct": 12,
                "win_rate": 0.53,
            }
        },
        {"AAPL": {"sharpe": 0.9, "max_dd": 0.08, "total_return": "12 %", "win_rate": "53%"}},
    ],
)
def test_reads_free_forms_as_shares(write: Write, content: Any) -> None:
    (backtest,) = backtests(write, content)
    figures = {name: backtest.metrics[name] for name in ("sharpe", "max_drawdown", "total_return")}
    assert figures == pytest.approx({"sharpe": 0.9, "max_drawdown": -0.08, "total_return": 0.12})
    assert backtest.metrics["win_rate"] == pytest.approx(0.53)


def test_equity_inside_the_record_is_its_series(write: Write) -> None:
    content = {"sharpe": 1.0, "total_return": 0.1, "max_drawdown": -0.1, "equity": [1.0, 1.2, 1.1]}
    (backtest,) = backtests(write, content)
    assert backtest.series is not None
    assert backtest.series["equity"].to_list() == [1.0, 1.2, 1.1]


def test_reads_a_freqtrade_result_larger_than_the_head(write: Write) -> None:
    trade = {"pair": "TRX/BTC", "profit_ratio": 0.04, "profit_abs": 4.5e-05, "is_short": False}
    strategy = {
        "trades": [trade] * 2000,
        "profit_total": 0.104,
        "max_drawdown": 0.21,
        "max_drawdown_account": 0.019,
        "total_trades": 2000,
        "wins": 500,
        "backtest_start": "2018-01-10 00:00:00",
        "backtest_end": "2018-01-30 00:00:00",
        "sharpe": 2.1,
    }
    (backtest,) = backtests(write, {"strategy": {"StrategyTestV3": strategy}})
    assert backtest.metrics["max_drawdown"] == -0.019
    assert backtest.metrics["win_rate"] == 0.25
    assert backtest.start == date(2018, 1, 10)


@pytest.mark.parametrize(
    "content",
    [
        {"limits": {"max_drawdown": 0.25, "win_rate": 0.55, "sharpe": 1.0}},
        {"targets": {"sharpe": 1.5, "max_drawdown": 0.15, "total_return": 0.2}},
        {"max_drawdown": 0.25, "win_rate": 0.6, "stop_loss": 0.05},
        {"sharpe": 1.0, "total_return": 0.2, "max_drawdown": -0.1, "log_history": []},
        {"schema": "ml-debugger/sizing/1", "max_long": 1.8, "max_short": 0.1, "win_rate": 0.53},
        {"trades": [{"price": 1.0}]},
    ],
)
def test_leaves_plans_and_other_documents_alone(write: Write, content: Any) -> None:
    head = read_head(write("plan.json", json.dumps(content)), "plan.json")
    assert READER.recognise(head) is None


@given(
    total=st.floats(-0.99, 5),
    drawdown=st.floats(0.02, 0.98),
    wins=st.floats(0.02, 0.98),
)
def test_percent_and_share_say_the_same(
    tmp_path_factory: pytest.TempPathFactory, total: float, drawdown: float, wins: float
) -> None:
    file = tmp_path_factory.mktemp("backtest") / "summary.json"

    def write(_: str, content: str | bytes) -> Path:
        assert isinstance(content, str)
        file.write_text(content, encoding="utf-8")
        return file

    shares = {"sharpe": 1, "total_return": total, "max_drawdown": -drawdown, "win_rate": wins}
    percents = {
        "sharpe": 1,
        "total_return": 100 * total,
        "max_drawdown": 100 * drawdown,
        "win_rate": 100 * wins,
    }
    (one,), (other,) = backtests(write, shares), backtests(write, percents)
    assert dict(one.metrics) == pytest.approx(dict(other.metrics))
