"""Reported figures of a backtest under canonical names, returns and rates as shares."""

from __future__ import annotations

from collections.abc import Mapping

from ml_debugger.readers.records.figures import Figure, first

RATES = {
    "total_return": (
        "total_return",
        "strategy_return",
        "strategy_total_return",
        "portfolio_return",
        "cumulative_return",
        "cum_return",
        "net_return",
        "final_return",
        "profit_total",
        "roi",
        "return",
    ),
    "annual_return": (
        "annual_return",
        "annualized_return",
        "annualised_return",
        "ann_return",
        "return_ann",
        "cagr",
    ),
    "volatility": (
        "volatility",
        "annual_volatility",
        "annualized_volatility",
        "annualised_volatility",
        "ann_vol",
        "annual_vol",
        "ann_volatility",
        "volatility_ann",
        "vol",
    ),
    "max_drawdown": (
        # freqtrade: of the account; its bare `max_drawdown` once was a sum of ratios
        "max_drawdown_account",
        "max_drawdown",
        "maximum_drawdown",
        "max_dd",
        "maxdd",
        "mdd",
    ),
    "win_rate": ("win_rate", "winrate", "winning_rate", "win_ratio", "win", "hit_rate"),
    "alpha": ("alpha", "alpha_annual", "annual_alpha"),
    "benchmark_return": (
        "benchmark_return",
        "benchmark_total_return",
        "buy_hold_return",
        "buy_and_hold_return",
        "bh_return",
        "buyhold_return",
        "market_change",
        "market_return",
    ),
}
RATIOS = {
    "sharpe": ("sharpe", "sharpe_ratio", "annualized_sharpe", "sharpe_annual", "sharpe_ann"),
    "sortino": ("sortino", "sortino_ratio"),
    "calmar": ("calmar", "calmar_ratio"),
    "beta": ("beta",),
    "trades": (
        "num_trades",
        "n_trades",
        "total_trades",
        "trade_count",
        "trades",
        "number_of_trades",
    ),
    "turnover": ("total_turnover", "turnover"),
    "initial_equity": (
        "initial_equity",
        "initial_capital",
        "initial_balance",
        "starting_balance",
        "starting_capital",
        "start_value",
    ),
    "final_equity": (
        "final_equity",
        "equity_final",
        "final_balance",
        "final_capital",
        "final_value",
        "final_portfolio_value",
        "ending_capital",
        "end_value",
    ),
}
RESULTS = frozenset(
    {"sharpe", "sortino", "calmar", "total_return", "annual_return", "benchmark_return", "alpha"}
)
"""Figures that only a finished backtest has; limits and wins alone may stand in a plan."""


def metrics(found: Mapping[str, Figure]) -> tuple[dict[str, float], dict[str, str]]:
    """Canonical figures and their original names.

    A figure that says it is percent is divided by 100. Where a win rate or a drawdown above 1
    shows that the record is written in percent, so are its unmarked rates. A drawdown is
    negative or zero, whichever sign it was written with.
    """
    taken = {name: first(found, spellings) for name, spellings in (RATES | RATIOS).items()}
    known = {name: figure for name, figure in taken.items() if figure is not None}
    in_percent = any(
        name in known and not known[name].percent and 1 < abs(known[name].value) <= 100
        for name in ("win_rate", "max_drawdown")
    )
    values: dict[str, float] = {}
    for name, figure in known.items():
        percent = name in RATES and (figure.percent or (in_percent and name != "alpha"))
        value = figure.value / 100 if percent else figure.value
        values[name] = -abs(value) if name == "max_drawdown" else value
    return values, {name: figure.key for name, figure in known.items()}


def is_result(values: Mapping[str, float]) -> bool:
    """Whether the figures are those of a backtest: a result, and two more beside it."""
    rates = [name for name in values if name in RATES or name in ("sharpe", "sortino", "calmar")]
    results = RESULTS & values.keys()
    risk_and_return = {"max_drawdown", "win_rate", "volatility"} & values.keys()
    return len(rates) >= 3 and bool(results) and bool(risk_and_return or len(results) >= 3)
