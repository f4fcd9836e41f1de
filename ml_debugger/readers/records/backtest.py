"""Backtest records: reported figures, the rules that they ran under, and the series behind."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import polars as pl

from ml_debugger.artifacts import Backtest
from ml_debugger.readers.head import Head
from ml_debugger.readers.reader import Reader, Reading, Unreadable
from ml_debugger.readers.records import series
from ml_debugger.readers.records.document import load, sketch
from ml_debugger.readers.records.figures import PLANS, day, figures, first, plain, text, whole
from ml_debugger.readers.records.metrics import is_result, metrics

SCHEMA = "ml-debugger/backtest/1"
INNER = (
    "metrics",
    "performance",
    "performance_metrics",
    "summary",
    "stats",
    "statistics",
    "results",
    "backtest",
    "backtest_results",
    "portfolio",
    "window",
    "period",
)
LOSSES = ("train_loss", "val_loss", "loss", "log_history", "learner", "epochs")
MAX_DEPTH = 4


def _flat(node: Mapping[str, Any]) -> dict[str, Any]:
    flat = dict(node)
    for key, value in node.items():
        if plain(str(key)) in INNER and isinstance(value, Mapping):
            for inner, item in value.items():
                flat.setdefault(str(inner), item)
    return flat


def _is_record(node: Mapping[str, Any]) -> bool:
    if any(plain(str(key)) in LOSSES for key in node):
        return False
    values, _ = metrics(figures(_flat(node)))
    return is_result(values) or _is_trade_list(node)


def _is_trade_list(node: Mapping[str, Any]) -> bool:
    """A freqtrade result: trades with pair and profit, and the strategy's totals around them."""
    trades = node.get("trades")
    if not isinstance(trades, list) or not trades or not isinstance(trades[0], Mapping):
        return False
    return {"pair", "profit_ratio"} <= trades[0].keys() or {"pair", "profit_abs"} <= trades[
        0
    ].keys()


def _records(node: Any, trail: tuple[str, ...] = ()) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if len(trail) > MAX_DEPTH:
        return
    if isinstance(node, Mapping):
        if _is_record(node):
            yield " / ".join(trail), node
            return
        for key, value in node.items():
            name = plain(str(key))
            if name not in PLANS and isinstance(value, Mapping | list):
                yield from _records(value, trail if name in INNER else (*trail, str(key)))
    elif isinstance(node, list):
        for number, value in enumerate(node[:1000]):
            if isinstance(value, Mapping):
                name = text(value, ("symbol", "ticker", "strategy", "name")) or str(number)
                yield from _records(value, (*trail, name))


def _artifact(
    label: str, node: Mapping[str, Any], head: Head, table: pl.DataFrame | None
) -> Backtest:
    flat = _flat(node)
    numbers = figures(flat)
    values, names = metrics(numbers)
    if _is_trade_list(node):
        values |= _trade_figures(node)
    benchmark = flat.get("buy_and_hold")
    if isinstance(benchmark, Mapping):
        reported, _ = metrics(figures(benchmark))
        if "total_return" in reported:
            values.setdefault("benchmark_return", reported["total_return"])
    spelled = {plain(str(key)): value for key, value in flat.items()}

    def date_of(*keys: str) -> Any:
        return day(next((spelled[key] for key in keys if key in spelled), None))

    def number(*keys: str) -> float | None:
        figure = first(numbers, keys)
        return None if figure is None else figure.value

    in_sample = spelled.get("in_sample")
    return Backtest(
        f"{head.shown} [{label}]" if label else head.shown,
        head.shown,
        series=table,
        metrics=values,
        start=date_of("start", "start_date", "backtest_start", "from", "begin"),
        end=date_of("end", "end_date", "backtest_end", "to"),
        trained_through=date_of("trained_through", "trained_until"),
        in_sample=in_sample if isinstance(in_sample, bool) else None,
        position_lag=whole(first(numbers, ("position_lag", "signal_lag", "execution_lag"))),
        cost_bps=number("cost_bps", "commission_bps", "transaction_cost_bps", "fee_bps"),
        slippage_bps=number("slippage_bps"),
        periods_per_year=number(
            "periods_per_year", "trading_days_per_year", "annualization_factor"
        ),
        names=names,
    )


def _trade_figures(node: Mapping[str, Any]) -> dict[str, float]:
    """What freqtrade states beside its trades: counts of wins and losses, and of trades."""
    numbers = figures(node)
    values = {"trades": float(len(node["trades"]))}
    wins, total = numbers.get("wins"), numbers.get("total_trades")
    if wins is not None and total is not None and total.value > 0:
        values["win_rate"] = wins.value / total.value
    return values


def recognise(head: Head) -> str | None:
    """A JSON object, or objects by symbol or strategy, with the figures of a backtest."""
    document = sketch(head)
    schema = document.get("schema") if isinstance(document, Mapping) else None
    if isinstance(schema, str) and schema.startswith("ml-debugger/"):
        return "backtest-record" if schema == SCHEMA else None
    return "backtest-record" if next(_records(document), None) is not None else None


def read(head: Head, kind: str) -> Reading:  # noqa: ARG001  one kind only
    """The backtests of a file; the one of a file with a single one gets the equity beside it."""
    document = load(head)
    found = list(_records(document))
    if not found and isinstance(document, Mapping) and document.get("schema") == SCHEMA:
        found = [("", document)]
    if not found:
        raise Unreadable("holds no figures of a backtest")
    artifacts = []
    for label, node in found:
        table = series.inside(node)
        if table is None and len(found) == 1:
            table = series.beside(head)
        artifacts.append(_artifact(label, node, head, table))
    return Reading(artifacts)


READER = Reader("backtest-record", recognise, read)
