"""Backtest series: equity and returns by date."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

import polars as pl

from ml_debugger.artifacts import Backtest
from ml_debugger.readers.tables.columns import first_named, normal
from ml_debugger.readers.tables.keys import Keys
from ml_debugger.readers.tables.table import Table

SERIES = {
    "equity": (
        "equity",
        "equity_curve",
        "strategy_equity",
        "portfolio_value",
        "portfolio",
        "total_value",
        "account_value",
        "net_asset_value",
        "nav",
        "cum_equity",
    ),
    "benchmark_equity": (
        "benchmark_equity",
        "benchmark_value",
        "benchmark",
        "buy_and_hold",
        "buy_hold_equity",
        "bh_equity",
        "market_equity",
    ),
    "strategy_return": (
        "strategy_return",
        "strategy_returns",
        "strat_return",
        "net_return",
        "net_returns",
        "portfolio_return",
        "portfolio_returns",
        "period_return_after_cost",
        "return_after_cost",
        "strategy_ret",
    ),
    "gross_return": ("gross_return", "gross_returns", "gross_period_return", "return_before_cost"),
    "asset_return": ("asset_return", "asset_returns", "market_return", "underlying_return"),
    "position": ("position", "positions", "weight"),
    "cost": ("cost", "costs", "transaction_cost", "transaction_costs", "fees", "commission"),
    "exposure": ("exposure", "gross_exposure", "net_exposure", "leverage"),
}
_ROWS = 5_000_000
_PARTS = 50


def backtests_of(table: Table, keys: Keys) -> Sequence[Backtest]:
    """The backtests in a table: one, or one for each value of a text column that parts them."""
    if keys.time is None or table.rows > _ROWS:
        return ()
    names: dict[str, str] = {}
    for canonical, spellings in SERIES.items():
        column = first_named([c for c in table.columns if c not in keys.columns], spellings)
        if column is not None and table.numeric(column):
            names[canonical] = column
    if not {"equity", "strategy_return"} & names.keys():
        return ()
    if keys.ticker is not None and names.keys() == {"equity"} and _values_funds(names["equity"]):
        return ()
    texts = [
        column
        for column, kind in table.schema.items()
        if kind == pl.String and column not in keys.time.columns
    ]
    held = table.frame.select(
        keys.time.expression.alias("date"),
        *(pl.col(column).cast(pl.Float64).alias(name) for name, column in names.items()),
        *(pl.col(column).alias(f"text {column}") for column in texts),
    ).collect(engine="streaming")
    held = held.drop_nulls("date")
    if held.is_empty():
        return ()
    names = {"date": keys.time.column, **names}
    parting = _parting(held, texts)
    if parting is None:
        return (_backtest(table, table.subject, held, names),)
    parts = held.partition_by(f"text {parting}", as_dict=True, maintain_order=True)
    return tuple(
        _backtest(table, f"{table.subject} {value}", part, names)
        for (value,), part in parts.items()
    )


def _values_funds(column: str) -> bool:
    """Whether a column beside tickers is the price at which funds are sold, not an account."""
    return normal(column) in ("nav", "net_asset_value")


def _parting(held: pl.DataFrame, texts: list[str]) -> str | None:
    """The text column that parts rows of equal dates into series of their own."""
    if held["date"].is_unique().all():
        return None
    for column in texts:
        name = f"text {column}"
        if (
            1 < held[name].n_unique() <= _PARTS
            and not held.select("date", name).is_duplicated().any()
        ):
            return column
    return None


def _backtest(table: Table, subject: str, rows: pl.DataFrame, names: dict[str, str]) -> Backtest:
    series = rows.select(list(names)).sort("date", maintain_order=True)
    return Backtest(
        subject=subject,
        path=table.shown,
        series=series,
        metrics={},
        start=_day(series["date"].min()),
        end=_day(series["date"].max()),
        names=names,
    )


def _day(moment: object) -> date | None:
    if isinstance(moment, datetime):
        return moment.date()
    return moment if isinstance(moment, date) else None
