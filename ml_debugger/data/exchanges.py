"""Exchanges whose holidays are known, and which one's calendar a series of days keeps.

The New York Stock Exchange comes from `ml_debugger.data.nyse`, which agrees with the library on
every day from 1985 to 2026 and costs a millisecond; the others come from exchange_calendars,
whose import brings pandas (half a second), so that it is only loaded where New York does not
explain the closed days.
"""

from __future__ import annotations

import warnings
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import Any

from ml_debugger.data import nyse

NEW_YORK = "XNYS"
WEEKDAYS = "12345"
COVERAGE = 0.9
"""Share of an exchange's closures that a series must lack to keep its calendar."""
MOST_CLOSURES = 40
"""Weekdays a year that no exchange exceeds: Tokyo and Shanghai are closed on about twenty."""
COVERAGE_ALONE, CLOSURES_ALONE = 0.75, 20
"""The same for a series that lacks twenty closures of an exchange and not one other day."""
LEAST_CLOSURES, LEAST_EXPLAINED, LEAST_BY_SUFFIX = 5, 3, 2
"""Closures that a series must have lived through; fewer where they are all the days that it
lacks, or where the ticker names its exchange."""
SCATTERED = 4.0
"""Short absences a year beyond the closures, above which a series keeps another calendar."""
EXACT = 0.05
"""Short absences beyond the closures, as a share of these, up to which the calendar is certain."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """An exchange by its market identifier code (ISO 10383), and what gives it away.

    `hallmark` is the month and day of a holiday that few others keep. `weekends` says that it
    holds single sessions on weekends, which calendars record incompletely. `since` is the first
    whole year that the library knows.
    """

    code: str
    suffixes: tuple[str, ...]
    hallmark: tuple[int, int]
    weekends: bool = False
    weekdays: str = WEEKDAYS
    since: int = 1970


EXCHANGES = (
    Exchange("XLON", (".L", ".IL"), (12, 26)),
    Exchange("XETR", (".DE", ".F"), (12, 24)),
    Exchange("XPAR", (".PA", ".AS", ".BR", ".LS"), (5, 1)),
    Exchange("XTSE", (".TO", ".V"), (7, 1)),
    Exchange("XTKS", (".T",), (1, 2), since=1997),
    Exchange("XHKG", (".HK",), (7, 1)),
    Exchange("XBOM", (".NS", ".BO"), (8, 15), weekends=True, since=1997),
    Exchange("XSHG", (".SS", ".SZ"), (10, 2), since=1991),
    Exchange("XASX", (".AX",), (1, 26)),
    Exchange("XSWX", (".SW",), (8, 1)),
    Exchange("XMIL", (".MI",), (8, 15)),
    Exchange("XMAD", (".MC",), (5, 1)),
    Exchange("XSTO", (".ST",), (6, 6)),
    Exchange("XHEL", (".HE",), (12, 6)),
    Exchange("XCSE", (".CO",), (6, 5)),
    Exchange("XOSL", (".OL",), (5, 17)),
    Exchange("XTAI", (".TW", ".TWO"), (10, 10), weekends=True),
    Exchange("XSES", (".SI",), (8, 9)),
    Exchange("BVMF", (".SA",), (4, 21)),
    Exchange("XNZE", (".NZ",), (2, 6)),
    Exchange("XJSE", (".JO",), (9, 24)),
    Exchange("XMEX", (".MX",), (9, 16)),
    Exchange("XIST", (".IS",), (10, 29)),
    Exchange("XWAR", (".WA",), (11, 11)),
    Exchange("XWBO", (".VI",), (10, 26)),
    Exchange("XPRA", (".PR",), (10, 28)),
    Exchange("XBUD", (".BD",), (10, 23), weekends=True),
    Exchange("XKLS", (".KL",), (8, 31)),
    Exchange("XIDX", (".JK",), (8, 17)),
    Exchange("XBKK", (".BK",), (12, 5)),
    Exchange("XDUB", (".IR",), (12, 26)),
    Exchange("XSGO", (".SN",), (9, 18)),
    Exchange("XKRX", (".KS", ".KQ"), (3, 1)),
    Exchange("XMOS", (".ME",), (6, 12), weekends=True),
    Exchange("XSAU", (".SR",), (9, 23), weekdays="12347", since=2021),
    Exchange("us_futures", ("=F",), (12, 25)),
)
"""In the order in which they are tried; suffixes as Yahoo writes them."""

SUFFIXES = frozenset(suffix for exchange in EXCHANGES for suffix in exchange.suffixes) | {"=X"}


@dataclass(frozen=True)
class Kept:
    """The calendar that a series of days keeps.

    `closed` holds the days of the usual weekdays from `first` to `last` on which the exchange
    was shut. `exact` says that the series lacks hardly any other day.
    """

    exchange: str
    first: date
    last: date
    closed: frozenset[date]
    exact: bool
    weekends: bool

    def open(self, day: date) -> bool:
        """Whether the exchange is known to have opened on a day of the usual weekdays."""
        return self.first <= day <= self.last and day not in self.closed


def kept_by(days: Sequence[date], weekdays: str, suffix: str = "") -> Kept | None:
    """The calendar that explains on which of its weekdays a series is closed.

    `days` ascend without repeats; `weekdays` are ISO numbers in ascending order. None where no
    exchange explains nine tenths of its closures, or several days a year remain unexplained.
    """
    if len(days) < 2:
        return None
    if suffix not in SUFFIXES:
        # BRK.B is a share class and AAPL.US a vendor's name for the same list of exchanges
        suffix = ""
    series = _Series.of(days, weekdays)
    years = max(1.0, (series.last - series.first).days / 365.25)
    if _scattered(series.missing, weekdays) > (SCATTERED + MOST_CLOSURES) * years:
        return None
    if weekdays == WEEKDAYS and suffix in ("", "=F"):
        american = _held_against(NEW_YORK, series, LEAST_CLOSURES)
        if american is not None and american[0] <= 0.25 * len(american[1].closed):
            return american[1]
    else:
        american = None
    found = [american] if american is not None else []
    for exchange in _candidates(series, suffix):
        least = LEAST_BY_SUFFIX if suffix in exchange.suffixes else LEAST_CLOSURES
        held = _held_against(exchange.code, series, least, exchange.weekends)
        if held is not None:
            found.append(held)
            if held[1].exact:
                break
    return min(found, key=lambda one: one[0])[1] if found else None


def early_closes(exchange: str, first: date, last: date) -> tuple[dict[date, timedelta], timedelta]:
    """Days on which an exchange shuts early and by how much, and how long its usual session is.

    No days where that is not known.
    """
    calendar = _calendar(exchange, first.year, last.year)
    if calendar is None:
        return {}, timedelta()
    length = calendar.schedule["close"] - calendar.schedule["open"]
    usual = length.mode()[0]
    shorter = usual - length.reindex(calendar.early_closes)
    found = {
        day.date(): cut.to_pytimedelta()
        for day, cut in shorter.items()
        if first <= day.date() <= last and timedelta() < cut < usual
    }
    return found, usual.to_pytimedelta()


@dataclass(frozen=True)
class _Series:
    days: frozenset[date]
    missing: tuple[date, ...]
    first: date
    last: date
    weekdays: str

    @classmethod
    def of(cls, days: Sequence[date], weekdays: str) -> _Series:
        traded = {int(day) for day in weekdays}
        missing = tuple(
            day
            for before, after in pairwise(days)
            for day in _between(before, after)
            if day.isoweekday() in traded
        )
        return cls(frozenset(days), missing, days[0], days[-1], weekdays)


def _between(before: date, after: date) -> Iterator[date]:
    day = before + timedelta(days=1)
    while day < after:
        yield day
        day += timedelta(days=1)


def _candidates(series: _Series, suffix: str) -> Iterator[Exchange]:
    """Exchanges worth trying: that of the suffix, or those whose hallmark the series lacks."""
    for exchange in EXCHANGES:
        if exchange.weekdays != series.weekdays:
            continue
        if suffix:
            if suffix in exchange.suffixes:
                yield exchange
            continue
        dates = [
            date(year, *exchange.hallmark)
            for year in range(series.first.year, series.last.year + 1)
            if series.first <= date(year, *exchange.hallmark) <= series.last
        ]
        due = [day for day in dates if str(day.isoweekday()) in series.weekdays]
        if due and sum(day not in series.days for day in due) >= 0.5 * len(due):
            yield exchange


def _held_against(
    exchange: str, series: _Series, least: int, weekends: bool = False
) -> tuple[float, Kept] | None:
    """How many days an exchange's calendar leaves unexplained; None where it is not kept."""
    known = closures(exchange, series.first, series.last)
    if known is None:
        return None
    first, last, closed = known
    closed = frozenset(d for d in closed if str(d.isoweekday()) in series.weekdays)
    missing = [day for day in series.missing if first <= day <= last]
    lacked = closed & set(missing)
    scattered = _scattered([day for day in missing if day not in closed], series.weekdays)
    if not scattered and len(lacked) == len(closed):
        least = min(least, LEAST_EXPLAINED)
    sure = not scattered and len(lacked) >= CLOSURES_ALONE
    coverage = COVERAGE_ALONE if sure else COVERAGE
    if len(closed) < least or len(lacked) < coverage * len(closed):
        return None
    if scattered / max(1.0, (last - first).days / 365.25) > SCATTERED:
        return None
    exact = scattered <= max(1.0, EXACT * len(closed))
    kept = Kept(exchange, first, last, closed, exact, weekends)
    return len(closed) - len(lacked) + scattered, kept


def _scattered(days: Collection[date], weekdays: str) -> int:
    """Absences of one or two sessions in a row; longer ones are gaps of the file."""
    runs: list[list[date]] = []
    for day in days:
        if runs and not any(
            str(between.isoweekday()) in weekdays for between in _between(runs[-1][-1], day)
        ):
            runs[-1].append(day)
        else:
            runs.append([day])
    return sum(len(run) <= 2 for run in runs)


def closures(exchange: str, first: date, last: date) -> tuple[date, date, frozenset[date]] | None:
    """Closed days among the usual weekdays, and the part of the time that is known.

    None where the library lacks the exchange, or knows nothing of this time.
    """
    if exchange == NEW_YORK:
        first = max(first, date(nyse.FIRST_YEAR, 1, 1))
        years = range(first.year, last.year + 1)
        closed = {day for year in years for day in nyse.closures(year)}
        return first, last, frozenset(day for day in closed if first <= day <= last)
    calendar = _calendar(exchange, first.year, last.year)
    if calendar is None:
        return None
    sessions = {stamp.date() for stamp in calendar.sessions}
    begin, end = calendar.sessions[0].date(), calendar.sessions[-1].date()
    # Tokyo opens on 4 January and closes on 30 December: the days beside them are holidays
    first = first if begin.year <= first.year else begin
    last = last if end.year == last.year and end.month == 12 else min(last, end)
    usual = {n + 1 for n, open_ in enumerate(calendar.weekmask) if open_ == "1"}
    span = (first + timedelta(days=n) for n in range((last - first).days + 1))
    return (
        first,
        last,
        frozenset(day for day in span if day.isoweekday() in usual and day not in sessions),
    )


@lru_cache(maxsize=64)
def _calendar(exchange: str, first: int, last: int) -> Any:
    """The library's calendar over whole years; None where it has none or cannot build it."""
    try:
        import exchange_calendars  # type: ignore[import-untyped]
    except ImportError:
        return None
    since = next((e.since for e in EXCHANGES if e.code == exchange), first)
    if last < since:
        return None
    start = f"{max(first, since)}-01-01"
    # without an end the library goes as far as it knows, for some exchanges the current year
    for end in (f"{last}-12-31", None):
        with warnings.catch_warnings():
            # release 4.13 calls what pandas 3.1 deprecates, and that is not the user's concern
            warnings.simplefilter("ignore")
            try:
                return exchange_calendars.get_calendar(exchange, start=start, end=end)
            except ValueError:
                continue
    return None
