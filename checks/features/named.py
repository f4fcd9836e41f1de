"""What the name of a feature tells: calendar parts, descriptions of the instrument, raw prices."""

from __future__ import annotations

import re

_CALENDAR = re.compile(
    r"(?:^|_)(?:minute|hour|day|dow|dom|doy|weekday|weekend|week|woy|month|moy|quarter|season|"
    r"monday|tuesday|wednesday|thursday|friday|saturday|sunday|holiday|session|"
    r"dayofweek|dayofmonth|dayofyear|weekofyear|hourofday|jan|feb|mar|apr|may|jun|jul|aug|sep|"
    r"oct|nov|dec|q[1-4])(?:_|\d|$)"
)
_WINDOW = re.compile(
    r"(?:^|_)(?:days?|weeks?|months?|hours?|minutes?)_(?:since|to|until|in)(?:_|$)"
)
_AGE = re.compile(
    r"(?:^|_)(?:since|age|listing|listed|tenure|until|expiry|expiration|maturity|dte|remaining)"
    r"(?:_|$)|days?_to(?:_|$)"
)
_KEY = re.compile(
    r"^(?:unnamed(?:_\d+)?|index|level_\d|(?:row|record|sample|obs)?_?(?:id|idx|no|num|number|index)|"
    r"row|time_?idx|time|timestamp|datetime|date|open_time|close_time|unix(?:_time)?|epoch|ts|"
    r"date_?int|date_?key|(?:ticker|symbol|stock|asset|security|instrument|group|company|coin)"
    r"_?(?:id|idx|code|num|index|enc|encoded|label)?|permno|permco|gvkey|cik|figi|secid|sid)$"
)
_DESCRIPTION = re.compile(
    r"(?:^|_)(?:timeframe|interval|frequency|freq|bar_size|horizon|version|schema|lookback|window|"
    r"sector|industry|exchange|country|currency|market_id|region|asset_class|year)(?:_|$)"
)
_PRICE = re.compile(
    r"^(?:adj(?:usted)?_)?(?:open|high|low|close|price|vwap|last|settle|mid|bid|ask|nav)"
    r"(?:_(?:adj|adjusted|price|raw))?$"
)


def plain(name: str) -> str:
    """A name in lower case with single underscores."""
    name = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name.strip())
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")


def is_calendar(name: str) -> bool:
    """A part of the calendar that comes round again: month, day of the week, hour, holiday."""
    words = plain(name)
    return bool(_CALENDAR.search(words)) and not _WINDOW.search(words)


def is_description(name: str) -> bool:
    """What describes the table or the instrument: timeframe, version, sector; fixed by design."""
    return bool(_DESCRIPTION.search(plain(name)))


def is_age(name: str) -> bool:
    """A time that differs from ticker to ticker: since the listing, to the expiry."""
    return bool(_AGE.search(plain(name)))


def is_key(name: str) -> bool:
    """A column that names rows: an index that was written with the table, a time, an id."""
    return bool(_KEY.match(plain(name)))


def is_price(name: str) -> bool:
    """A raw price of a bar: open, close, adj_close, vwap."""
    return bool(_PRICE.match(plain(name)))


def listed(names: list[str]) -> str:
    """Names in a title: the first one, and how many more."""
    return names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"
