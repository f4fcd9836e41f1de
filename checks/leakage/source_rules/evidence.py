"""What in the source shows that its data are a time series, and one of a market."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from checks.leakage.source_rules.names import words
from checks.leakage.source_rules.program import walk
from checks.leakage.source_rules.vocabulary import vocabulary

_FRAMEWORKS = frozenset({"backtrader", "backtesting", "vectorbt", "qlib", "zipline", "freqtrade"})
_MARKET_LIBRARIES = _FRAMEWORKS | vocabulary(
    "yfinance pandas_datareader ccxt quandl alpaca_trade_api alpaca binance tushare akshare",
    "baostock vectorbtpro talib pandas_ta ta finta empyrical pyfolio quantstats finrl investpy",
    "nsepy alpha_vantage iexfinance MetaTrader5 mlfinlab jqdatasdk rqdatac stockstats pypfopt",
    "mplfinance",
)
_HINTS = vocabulary(
    "ticker tickers ohlc ohlcv stock stocks forex crypto bitcoin btc btcusdt nifty sp500 spx",
    "nasdaq candle candles candlestick kline klines portfolio backtest sharpe drawdown rsi macd",
    "bollinger eurusd etf aapl tsla goog googl msft amzn",
)
_CLOSES = frozenset(
    {"close", "adj close", "adj_close", "adjclose", "adjusted close", "close_price", "closeprice"}
    | {"close/last", "closing price", "收盘价", "收盘", "$close"}
)
_IN_ORDER = vocabulary("shift rolling pct_change resample diff ewm expanding")
_ORDERED_TOOLS = vocabulary(
    "TimeSeriesSplit TimeseriesGenerator timeseries_dataset_from_array DatetimeIndex date_range",
    "ARIMA SARIMAX AutoReg VAR Prophet adfuller seasonal_decompose temporal_train_test_split",
)
_WINDOWS = vocabulary(
    "look_back lookback look_back_period time_step time_steps timesteps timestep n_past n_steps",
    "n_lookback seq_len seq_length sequence_length window_size past_history lookback_days",
    "prediction_days n_timesteps time_stamp windowlength window_length",
)
_RECURRENT = vocabulary("LSTM GRU SimpleRNN CuDNNLSTM LSTMCell")
_DATES = vocabulary("date datetime timestamp")
_FORWARD_RETURN = re.compile(r"(?:^|_)(?:fwd|forward|future)_?(?:ret|return)s?(?:_|$|\d)")
"""A label that only a market has."""

_ORDER_IN_TEXT = re.compile(
    r"\.(?:shift|rolling|pct_change|resample|diff|ewm|expanding)\b|TimeSeries|Timeseries|timeseries_d|"
    r"Datetime|date_range|ARIMA|SARIMAX|AutoReg|Prophet|adfuller|decompose|temporal_|LSTM|GRU|"
    r"(?i:look_?back|time_?step|n_past|n_steps|n_lookback|seq_len|sequence_length|window_?size|"
    r"past_history|prediction_days|window_?length|['\"](?:date|datetime|timestamp)['\"])|SimpleRNN|"
    r"to_datetime|parse_dates|\bVAR\b|time_stamp|backtrader|backtesting|vectorbt|qlib|zipline|freqtrade"
)


@dataclass(frozen=True)
class Evidence:
    """Signs of a market, and of rows in the order of time, each by what was seen.

    `hints` are words that are used in markets and elsewhere.
    """

    market: frozenset[str]
    order: frozenset[str]
    hints: frozenset[str] = frozenset()

    @property
    def is_market_series(self) -> bool:
        """Prices in the order of time: what is judged without a doubt."""
        return bool(self.market) and bool(self.order)

    @property
    def is_series(self) -> bool:
        """Enough to speak of a time series."""
        hinted = len(self.hints) >= 2 and bool(self.order)
        return self.is_market_series or hinted or len(self.order) >= 2


def may_be_series(text: str) -> bool:
    """Whether the text has any sign of an order in time: without one nothing need be parsed."""
    return _ORDER_IN_TEXT.search(text) is not None


def gather(tree: ast.AST) -> Evidence:
    """Look at imports, names, columns and calls."""
    market: set[str] = set()
    hints: set[str] = set()
    order: set[str] = set()
    called: set[int] = set()
    for node in walk(tree):
        kind = type(node)
        if isinstance(node, ast.Call):
            # the function comes after its call in the walk: file.close() is no price
            called.add(id(node.func))
            order |= _called(node.func)
        elif kind is ast.Import or kind is ast.ImportFrom:
            for name in _imported(node):
                root = name.split(".", 1)[0]
                if root in _MARKET_LIBRARIES:
                    market.add(root)
                    order |= {root} & _FRAMEWORKS
                order |= _named(name)
        elif (said := _SAID.get(kind)) is not None:
            name = getattr(node, said)
            if isinstance(name, str) and len(name) <= 40:
                lower = name.lower()
                if lower in _CLOSES and (kind in _COLUMNS and id(node) not in called):
                    market.add("close")
                hints |= words(name) & _HINTS
                if _FORWARD_RETURN.search(lower):
                    market.add("forward return")
                order |= _named(name)
                if (kind is ast.Constant and lower in _DATES) or name == "parse_dates":
                    order.add("dates")
    return Evidence(frozenset(market), frozenset(order), frozenset(hints))


_SAID: dict[type[ast.AST], str] = {
    ast.Name: "id",
    ast.arg: "arg",
    ast.keyword: "arg",
    ast.Attribute: "attr",
    ast.Constant: "value",
    ast.FunctionDef: "name",
    ast.ClassDef: "name",
}
_COLUMNS = frozenset({ast.Attribute, ast.Constant})


def _imported(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.ImportFrom):
        yield node.module or ""
    if isinstance(node, ast.Import | ast.ImportFrom):
        yield from (alias.name for alias in node.names)


def _called(function: ast.expr) -> set[str]:
    if not isinstance(function, ast.Attribute):
        return set()
    if function.attr == "to_datetime":
        return {"dates"}
    return {function.attr} & _IN_ORDER


def _named(name: str) -> set[str]:
    if name in _ORDERED_TOOLS:
        return {name}
    return {"windows"} if name in _RECURRENT or name.lower() in _WINDOWS else set()
