"""Full-day closures of the New York Stock Exchange since 1985.

Sources: NYSE Rule 7.2 for the holidays and how weekends move them; the exchange's published
list of special closures.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from functools import lru_cache

FIRST_YEAR = 1985

SPECIAL = frozenset(
    date.fromisoformat(day)
    for day in (
        "1985-09-27",  # hurricane Gloria
        "1994-04-27",  # funeral of President Nixon
        "2001-09-11",
        "2001-09-12",
        "2001-09-13",
        "2001-09-14",
        "2004-06-11",  # funeral of President Reagan
        "2007-01-02",  # funeral of President Ford
        "2012-10-29",  # hurricane Sandy
        "2012-10-30",
        "2018-12-05",  # funeral of President Bush
        "2025-01-09",  # funeral of President Carter
    )
)


@lru_cache(maxsize=256)
def closures(year: int) -> frozenset[date]:
    """The weekdays of a year on which the exchange did not open."""
    days = {
        _nth(year, 2, 0, 3),
        easter(year) - timedelta(days=2),
        _last(year, 5, 0),
        _nth(year, 9, 0, 1),
        _nth(year, 11, 3, 4),
    }
    if year >= 1998:
        days.add(_nth(year, 1, 0, 3))
    fixed = [date(year, 7, 4), date(year, 12, 25)]
    if year >= 2022:
        fixed.append(date(year, 6, 19))
    days.update(_observed(day) for day in fixed)
    # New Year's Day on a Saturday is not moved: the old year's last day stays open
    if date(year, 1, 1).weekday() != 5:
        days.add(_observed(date(year, 1, 1)))
    days.update(day for day in SPECIAL if day.year == year)
    return frozenset(days)


def is_session(day: date) -> bool:
    """Whether the exchange opened on a day."""
    return day.weekday() < 5 and day not in closures(day.year)


def sessions(start: date, end: date) -> Iterator[date]:
    """The sessions from `start` to `end`, both included."""
    day = start
    while day <= end:
        if is_session(day):
            yield day
        day += timedelta(days=1)


def easter(year: int) -> date:
    """Easter Sunday of the Gregorian calendar.

    Source: the anonymous Gregorian algorithm, in Meeus, Astronomical Algorithms, chapter 8.
    """
    a, b, c = year % 19, year // 100, year % 100
    d, e = divmod(b, 4)
    g = (8 * b + 13) // 25
    h = (19 * a + b - d - g + 15) % 30
    i, k = divmod(c, 4)
    ell = (32 + 2 * e + 2 * i - h - k) % 7
    m = (a + 11 * h + 22 * ell) // 451
    month, day = divmod(h + ell - 7 * m + 114, 31)
    return date(year, month, day + 1)


def _observed(day: date) -> date:
    return day + timedelta(days={5: -1, 6: 1}.get(day.weekday(), 0))


def _nth(year: int, month: int, weekday: int, count: int) -> date:
    first = date(year, month, 1)
    return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (count - 1))


def _last(year: int, month: int, weekday: int) -> date:
    last = date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)
    return last - timedelta(days=(last.weekday() - weekday) % 7)
