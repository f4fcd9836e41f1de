"""Feature tables: numeric columns by ticker and time, and the labels beside them."""

from __future__ import annotations

import re
from collections.abc import Sequence

import polars as pl

from ml_debugger.artifacts import FeatureTable
from ml_debugger.readers.tables.columns import normal, price_fields
from ml_debugger.readers.tables.keys import Keys
from ml_debugger.readers.tables.table import Table

_LABEL = re.compile(
    r"^(?:label|target|fwd|forward|future|next)(?:$|_|\d)|^(?:y|y_\d+[a-z]?|class|outcome)$"
    r"|_(?:label|target|fwd|forward|future|ahead)$|(?:^|_)(?:fwd|forward|future)_(?:ret|return)"
    r"|(?:^|_)(?:ret|return|returns)_(?:fwd|forward|future|next|ahead)(?:_|\d|$)"
    r"|(?:^|_)(?:fwd|forward|future|next|label|target)_?\d{1,3}[a-z]*(?:_|$)|(?:^|_)fwdret"
)
_EXPECTED = re.compile(
    r"(?:^|_)(?:fwd|forward|future|next)_(?:\w+_)?"
    r"(?:p_?e|eps|peg|earnings|dividends?|div|sales|revenues?|ebitda|yield|points|rate|premium"
    r"|report|curve|contract)(?:_|$)|(?:^|_)(?:price_target|target_price|target_rate)(?:_|$)"
)
"""What analysts and markets expect of the future is known today: `forward_pe` is a feature."""
_NEXT = re.compile(r"^(?:next|tomorrow)")
_HORIZON = re.compile(r"(?:^|_|[a-z])(\d{1,3})(?:d|day|days|sessions?|bars?)?(?:_|$)")
_OTHER_UNIT = re.compile(
    r"\d+(?:m|min|mins|h|hour|hours|s|w|wk|week|weeks|mo|month|months|y)(?:_|$)"
)
_RAW = {
    "dividends",
    "dividend",
    "dividend_amount",
    "stock_splits",
    "splits",
    "split_factor",
    "split_coefficient",
    "capital_gains",
    "vwap",
    "trades",
    "trade_count",
    "tradecount",
    "number_of_trades",
    "count",
    "amount",
    "turnover",
    "quote_volume",
    "quote_asset_volume",
    "quote_av",
    "taker_buy_base_asset_volume",
    "taker_buy_quote_asset_volume",
    "tb_base_av",
    "tb_quote_av",
    "close_time",
    "ignore",
    "open_interest",
    "openint",
    "spread",
    "tickvol",
    "volume_usd",
    "volume_currency",
    "weighted_price",
    "unix",
    "change",
    "change_percent",
    "changepercent",
    "pct_chg",
    "pre_close",
    "adj_open",
    "adj_high",
    "adj_low",
    "adj_volume",
    "ex_dividend",
    "div_cash",
    "split_ratio",
}
"""What vendors deliver with their bars: beside whole bars it is their source, not a feature."""
_UNNAMED = re.compile(r"^column_\d+$")
_RECORD = {"cagr", "max_dd", "max_drawdown", "sharpe", "winrate", "win_rate", "n_trades", "pnl"}
_SPLIT = {"split", "fold", "set", "subset", "partition", "is_train", "is_test", "is_oos"}


def is_label(name: str) -> bool:
    """Whether a column is a label by its name: `label_5`, `target`, `fwd_return_20`, `y`."""
    plain = normal(name)
    return bool(_LABEL.search(plain)) and not _EXPECTED.search(plain)


def label_horizon(name: str) -> int | None:
    """The horizon in sessions that a label's name claims, None where it claims none."""
    plain = normal(name)
    if _OTHER_UNIT.search(plain):
        return None
    match = _HORIZON.search(plain)
    if match:
        return int(match[1]) or None
    return 1 if _NEXT.match(plain) else None


def features_of(table: Table, keys: Keys) -> FeatureTable | None:
    """The features in a table, or None when it holds none.

    Where a file carries whole bars, these are the source of the features and not features.
    A table of bars alone, of results per ticker or without dates and labels is no feature table.
    """
    plain = {normal(column) for column in table.columns}
    if plain & _RECORD:
        return None
    bars = price_fields([c for c in table.columns if c not in keys.columns])
    whole = len({"open", "high", "low", "close"} & bars.keys()) >= 3 or bool(table.panel)
    carried = set(bars.values()) if whole else set()
    if whole:
        carried |= {column for column in table.columns if normal(column) in _RAW}
    numeric = [
        column
        for column in table.columns
        if table.numeric(column)
        and column not in keys.columns
        and column not in table.keys
        and column not in carried
        and normal(column) not in _SPLIT
        and not _UNNAMED.match(column)
    ]
    labels = [column for column in numeric if is_label(column)]
    features = [column for column in numeric if column not in labels]
    if not (labels and features) and not (keys.time is not None and len(features) >= 3):
        return None
    if not labels and ((whole and len(features) < 3) or _is_panel(table, keys, features)):
        return None
    frame = table.frame
    if keys.time is not None:
        frame = frame.with_columns(keys.time.expression.alias(keys.time.column))
    if keys.ticker is not None and table.schema[keys.ticker] != pl.String:
        frame = frame.with_columns(pl.col(keys.ticker).cast(pl.String))
    horizons = {label: label_horizon(label) for label in labels}
    return FeatureTable(
        subject=table.subject,
        path=table.shown,
        frame=frame,
        features=tuple(features),
        labels=tuple(labels),
        ticker=keys.ticker,
        time=keys.time.column if keys.time is not None else None,
        rows=table.rows,
        label_horizons={label: h for label, h in horizons.items() if h is not None},
        schemas=table.schemas,
        misread=_misread(table, keys, (*features, *labels)),
    )


def _misread(table: Table, keys: Keys, columns: Sequence[str]) -> dict[str, str]:
    found = {c: said for c, said in table.misread.items() if c in ("header", *columns)}
    if keys.time is not None and keys.time.misread is not None:
        found[keys.time.column] = keys.time.misread
    return found


def _is_panel(table: Table, keys: Keys, features: list[str]) -> bool:
    """Prices by date and ticker, laid out wide: `prices` reads them."""
    from ml_debugger.readers.tables.prices import prices_of

    if keys.ticker is not None or len(features) != len(table.columns) - len(keys.columns):
        return False
    return prices_of(table, keys) is not None
