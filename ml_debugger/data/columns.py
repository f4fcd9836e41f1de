"""Which column of a foreign price table is which.

Names are compared without case, footnote marks, numbering and separators, so that
``Adj Close**``, ``adj_close`` and ``5. adjusted close`` are one name. The spellings are those of
the exports of Yahoo Finance, Alpha Vantage, Stooq, Nasdaq, Kaggle's price panels and pandas.
"""

import re
from collections.abc import Sequence

from ml_debugger.errors import DataError

PRICE_COLUMNS = ("ticker", "date", "open", "high", "low", "close", "volume")
"""The columns of a price table, in order."""

VALUE_COLUMNS = PRICE_COLUMNS[2:]

# Earlier spellings win where a table holds several: a "Name" beside a "Ticker" is a company name.
_SPELLINGS: dict[str, tuple[str, ...]] = {
    "ticker": ("ticker", "symbol", "tickersymbol", "instrument", "sym", "asset", "code", "name"),
    "date": (
        "date",
        "datetime",
        "timestamp",
        "time",
        "tradedate",
        "tradingdate",
        "day",
        "ts",
        "index",
        "unnamed0",
        "",
    ),
    "open": ("open", "openprice", "priceopen", "o"),
    "high": ("high", "highprice", "pricehigh", "max", "h"),
    "low": ("low", "lowprice", "pricelow", "min", "l"),
    "close": ("close", "closeprice", "priceclose", "closelast", "last", "c"),
    "adj_close": ("adjclose", "adjustedclose", "closeadj", "adjcloseprice"),
    "volume": ("volume", "vol", "tradedvolume", "sharevolume", "v"),
}

_NUMBERING = re.compile(r"^\s*\d+[a-z]?\s*[.)]\s*")
_NOT_A_LETTER_OR_DIGIT = re.compile(r"[^a-z0-9]")


def plain_name(name: str) -> str:
    """Returns the name in lower case, without numbering, footnote marks and separators."""
    return _NOT_A_LETTER_OR_DIGIT.sub("", _NUMBERING.sub("", name.lower()))


def recognise(names: Sequence[str], source: str) -> dict[str, str]:
    """Finds the price columns among ``names``.

    Returns the canonical name of each recognised column by its name in the source; ``ticker`` and
    ``adj_close`` may be missing. Raises ``DataError`` naming ``source`` and the missing columns.
    """
    by_plain_name: dict[str, str] = {}
    for name in names:
        by_plain_name.setdefault(plain_name(name), name)
    found: dict[str, str] = {}
    for canonical, spellings in _SPELLINGS.items():
        for spelling in spellings:
            if spelling in by_plain_name:
                found[by_plain_name[spelling]] = canonical
                break
    missing = [n for n in ("date", *VALUE_COLUMNS) if n not in found.values()]
    if missing:
        raise DataError(_explain(missing, found, names, source))
    return found


def _explain(missing: list[str], found: dict[str, str], names: Sequence[str], source: str) -> str:
    price_like = set(found.values()) & set(VALUE_COLUMNS)
    if not price_like and len(names) > 2:
        return (
            f"{source}: no open, high, low, close or volume column among {len(names)} columns; "
            "this looks like a wide panel with one column per ticker: "
            "give one row per ticker and date instead"
        )
    present = ", ".join(repr(n) for n in names[:12])
    word = "columns" if len(missing) > 1 else "column"
    return f"{source}: no {word} for {', '.join(missing)}; the columns are {present}"
