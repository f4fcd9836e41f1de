"""The names under which tables of this field hold their columns."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

TIME = (
    "date",
    "datetime",
    "timestamp",
    "time",
    "open_time",
    "opentime",
    "date_time",
    "trade_date",
    "trading_date",
    "trading_day",
    "session",
    "day",
    "ts",
    "dt",
    "t",
    "bar_time",
    "candle_begin_time",
    "window_start",
    "time_key",
    "local_time",
    "gmt_time",
    "time_utc",
    "unix",
    "unix_timestamp",
    "event_time",
    "begin",
    "start",
    "asof",
    "as_of",
    "as_of_date",
    "report_date",
    "last_date",
    "entry_date",
    "period",
    "month",
    "index",
    "index_level_0",
    "level_0",
    "level_1",
    "unnamed_0",
    "",
)
"""Most telling first; all that is listed still has to hold dates."""

TICKER = (
    "ticker",
    "symbol",
    "ticker_symbol",
    "stock_symbol",
    "act_symbol",
    "sym",
    "tic",
    "instrument",
    "instrument_id",
    "coin",
    "asset",
    "asset_id",
    "secid",
    "security",
    "security_id",
    "stock",
    "stock_id",
    "stock_code",
    "ts_code",
    "ric",
    "isin",
    "permno",
    "pair",
    "currency_pair",
    "contract",
    "underlying",
    "symbols",
    "tickers",
    "code",
    "fund",
    "fund_code",
    "fund_id",
    "scheme_code",
    "scheme_name",
    "name",
    "company",
)

FIELDS = {
    "open": ("open", "opening", "open_price", "opening_price", "price_open", "o", "first"),
    "high": ("high", "high_price", "price_high", "highest", "max_price", "h"),
    "low": ("low", "low_price", "price_low", "lowest", "min_price", "l"),
    "close": (
        "close",
        "close_last",
        "closing",
        "close_price",
        "closing_price",
        "price_close",
        "last",
        "last_price",
        "settle",
        "price",
        "c",
        "nav",
        "net_asset_value",
    ),
    "adj_close": (
        "adj_close",
        "adjclose",
        "adjusted_close",
        "close_adj",
        "close_adjusted",
        "adj_closing_price",
        "adj_price",
        "prc_adj",
    ),
    "volume": (
        "volume",
        "vol",
        "trading_volume",
        "total_volume",
        "base_volume",
        "qty",
        "v",
        "turnover",
    ),
}
"""Price fields and their names; the single letters count only beside other price fields."""

TICKER_CROWD = 20
"""Columns in capitals beside which `O` or `LOW` is a ticker: indices have 30 members and more."""
_QUOTED_VOLUME = re.compile(r"^vol(?:ume)?[ _(]+(?:[A-Z]{3,5}|currency)\)?$", re.IGNORECASE)
_CURRENCY = re.compile(r"(?:btc|eth|usdt?|usdc|eur|xrp|ltc|bnb|currency|base|from)$", re.IGNORECASE)


@lru_cache(maxsize=65_536)
def normal(name: str) -> str:
    """A column name in lower case with single underscores: `'1. Adj Close**'` is `adj_close`.

    >>> normal("Adj Close**"), normal("1. open"), normal("<CLOSE>"), normal("Close/Last")
    ('adj_close', 'open', 'close', 'close_last')
    """
    name = re.sub(r"^\s*\d+[a-z]?\.\s+", "", name.strip().lstrip("\ufeff"))
    name = re.sub(r"(?<=[a-z])(?=[A-Z][a-z])", "_", name)
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")


def field_of(name: str) -> str | None:
    """The price field that a column name stands for; None for any other column."""
    plain = normal(name)
    for field, names in FIELDS.items():
        if plain in names:
            return field
    if _QUOTED_VOLUME.match(name.strip()) and _CURRENCY.search(plain):
        return "volume"
    return None


def price_fields(names: Iterable[str]) -> dict[str, str]:
    """Price fields and the columns that hold them, the most telling name for each."""
    names = list(names)
    plain: dict[str, str] = {}
    for name in names:
        plain.setdefault(normal(name), name)
    found: dict[str, str] = {}
    for field, spellings in FIELDS.items():
        for spelling in spellings:
            if spelling in plain:
                found[field] = plain[spelling]
                break
    if "volume" not in found:
        for name in names:
            if field_of(name) == "volume":
                found["volume"] = name
                break
    if _are_tickers(names, found):
        return {}
    words = {field for field, name in found.items() if len(normal(name)) > 1}
    if len(words) < 2 and len(found) < 4:
        found = {field: name for field, name in found.items() if field in words}
    return found or _prefixed(names)


def _are_tickers(names: list[str], found: dict[str, str]) -> bool:
    """Whether names stand in a crowd of tickers: O, C, L, LOW and OPEN are stocks as well."""
    others = set(names) - set(found.values())
    return (
        len(others) >= TICKER_CROWD
        and len(found.get("close", "")) <= 1
        and all(name == name.upper() and len(name) <= 8 for name in others)
    )


def _prefixed(names: list[str]) -> dict[str, str]:
    """Fields of names that all carry one ticker: `AAPL.Open`, `Close_AAPL`, `('Close', 'AAPL')`."""
    groups = panel_fields(names)
    tickers = {ticker for _, ticker in groups.values()}
    if len(tickers) != 1:
        return {}
    return {field: name for name, (field, _) in groups.items()}


def panel_fields(names: Iterable[str]) -> dict[str, tuple[str, str]]:
    """Columns that name a price field and a ticker, by column: field and ticker.

    Only tickers for which open, high, low and close are all there count, so `close_ratio`
    or `volume_zscore` are not taken for bars.
    """
    parts: dict[str, tuple[str, str]] = {}
    for name in names:
        pair = _split_pair(name)
        if pair is not None:
            parts[name] = pair
    have: dict[str, set[str]] = {}
    for field, ticker in parts.values():
        have.setdefault(ticker, set()).add(field)
    whole = {t for t, fields in have.items() if {"open", "high", "low", "close"} <= fields}
    return {name: pair for name, pair in parts.items() if pair[1] in whole}


def _split_pair(name: str) -> tuple[str, str] | None:
    quoted = re.fullmatch(r"\(\s*['\"](.+?)['\"]\s*,\s*['\"](.*?)['\"]\s*\)", name.strip())
    if quoted:
        pieces: list[tuple[str, str]] = [(quoted[1], quoted[2]), (quoted[2], quoted[1])]
    else:
        pieces = []
        for match in re.finditer(r"[._ |:]", name):
            left, right = name[: match.start()], name[match.end() :]
            pieces += [(left, right), (right, left)]
    for field_part, ticker in pieces:
        field = field_of(field_part)
        # a lower-case partner is a transform (`close_ratio`), not a ticker
        if field is not None and ticker and ticker == ticker.upper() and len(field_part) > 1:
            return field, ticker.strip()
    return None


def first_named(names: Iterable[str], spellings: Iterable[str]) -> str | None:
    """The column whose normal name comes first in `spellings`; None if there is none."""
    plain: dict[str, str] = {}
    for name in names:
        plain.setdefault(normal(name), name)
    for spelling in spellings:
        if spelling in plain:
            return plain[spelling]
    return None
