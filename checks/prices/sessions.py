"""Sessions learned from the bars themselves, and the runs of them that are missing.

A day on which most living tickers trade is a session. A table of a few tickers is held against
the calendar of the exchange whose closures its closed days are, or else against its own weekdays.
"""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

from checks.prices.cross_section import (
    CROSS_SECTION,
    LONGEST_CLOSURE,
    missing_sessions,
    sessions_of,
)
from checks.prices.gap import Found, Gap

if TYPE_CHECKING:
    import polars as pl

    from ml_debugger.data.exchanges import Kept

MONDAY = 3
"""1970-01-01, the day 0 of dates, was a Thursday."""
HABIT = 4
"""Weeks without a weekday, at one end of a series, that make it none of the exchange's."""
TICKERS = "all tickers"


def find_gaps(days: pl.DataFrame) -> Found:
    """Gaps in `days`: `ticker`, its number `id` and `day`, one row a ticker and day, ascending."""
    gaps: list[Gap] = []
    expected = 0
    for (weekdays, suffix), part in by_calendar(days).items():
        if part["id"].n_unique() >= CROSS_SECTION:
            sessions = sessions_of(part)
            found = missing_sessions(part, sessions)
            own = _by_own_pattern(TICKERS, sessions["day"].to_list(), weekdays, suffix)
            gaps += [*found.gaps, *own.gaps]
            expected += found.expected
            continue
        for alone in part.partition_by("id"):
            dated = alone["day"].sort().to_list()
            own = _by_own_pattern(alone["ticker"][0], dated, weekdays, suffix)
            gaps += own.gaps
            expected += own.expected
    return Found(tuple(sorted(gaps, reverse=True)), expected)


def by_calendar(days: pl.DataFrame) -> dict[tuple[str, str], pl.DataFrame]:
    """Days by the weekdays that their tickers trade on, and by exchange suffix.

    Tickers with fewer than ten days say nothing about their weekdays and are left out.
    """
    import numpy as np
    import polars as pl

    weekday = (days["day"].to_physical().to_numpy() + MONDAY) % 7 + 1
    ids = days["id"].to_numpy().astype(np.int64)
    number = np.bincount(ids * 8 + weekday)
    have = np.flatnonzero(number)
    turns = np.flatnonzero(np.diff(ids, prepend=-1))
    named = dict(zip(ids[turns].tolist(), days["ticker"].gather(turns), strict=True))
    counts = pl.DataFrame(
        {
            "id": have // 8,
            "weekday": have % 8,
            "len": number[have],
            "ticker": pl.Series([named[one] for one in (have // 8).tolist()], dtype=pl.String),
        }
    ).with_columns(pl.col("id").cast(days.schema["id"]))
    kept = counts.filter(pl.col("len") >= 0.4 * pl.col("len").max().over("id"))
    kinds = (
        kept.group_by("id")
        .agg(
            pl.col("ticker").first(),
            pl.col("weekday").sort().cast(pl.String).str.join("").alias("weekdays"),
            pl.col("len").sum().alias("days"),
        )
        .filter(pl.col("days") >= 10)
        .with_columns(
            pl.col("ticker").str.extract(r"(\.[A-Z]{1,3}|=[XF])$").fill_null("").alias("suffix")
        )
    )
    parts = kinds.partition_by("weekdays", "suffix", as_dict=True)
    if len(parts) == 1 and kinds.height == days["id"].n_unique():
        return {(str(key[0]), str(key[1])): days for key in parts}
    return {
        (str(key[0]), str(key[1])): days.filter(pl.col("id").is_in(part["id"].implode()))
        for key, part in parts.items()
    }


def _by_own_pattern(ticker: str, days: list[date], weekdays: str, suffix: str) -> Found:
    """Gaps of one series of days against the calendar that it keeps, or its own weekdays."""
    from ml_debugger.data.exchanges import kept_by

    traded = {int(weekday) for weekday in weekdays}
    missing: list[date] = []
    expected = len(days)
    for before, after in pairwise(days):
        day = before + timedelta(days=1)
        while day < after:
            if day.isoweekday() in traded:
                missing.append(day)
            day += timedelta(days=1)
    missing = _of_their_time(missing, days)
    if not missing:
        return Found((), expected)
    expected += len(missing)
    runs = _runs(missing, traded)
    if len(traded) == 7:
        return Found(_gaps(ticker, _plain(runs, expected)), expected)
    kept = kept_by(days, weekdays, suffix)
    if kept is not None:
        return Found(_gaps(ticker, _beyond_closures(missing, kept, traded)), expected)
    return Found(_gaps(ticker, _plain(_beyond_holidays(runs, days), expected)), expected)


def _of_their_time(missing: list[date], days: list[date]) -> list[date]:
    """Without weekdays that the exchange had not begun to trade on, or had given up.

    Tel Aviv went from Sunday to Thursday over to Monday to Friday in January 2026.
    """
    lives: dict[int, tuple[date, date]] = {}
    for day in days:
        first, _ = lives.get(day.isoweekday(), (day, day))
        lives[day.isoweekday()] = (first, day)
    habit = timedelta(weeks=HABIT)

    def traded_then(day: date) -> bool:
        first, last = lives.get(day.isoweekday(), (date.max, date.min))
        begun = day > first or first - days[0] < habit
        return begun and (day < last or days[-1] - last < habit)

    return [day for day in missing if traded_then(day)]


def _runs(
    days: list[date], traded: set[int], closed: frozenset[date] = frozenset()
) -> list[list[date]]:
    """Days grouped where no session lies between neighbours."""
    runs: list[list[date]] = []
    for day in days:
        if runs:
            between = runs[-1][-1] + timedelta(days=1)
            while between < day and (between.isoweekday() not in traded or between in closed):
                between += timedelta(days=1)
            if between == day:
                runs[-1].append(day)
                continue
        runs.append([day])
    return runs


def _plain(runs: list[list[date]], expected: int) -> list[list[date]]:
    """All runs, or only the long ones where the instrument is thinly traded."""
    total = sum(map(len, runs))
    if len(runs) < 10 or total < 0.1 * expected:
        return runs
    usual = sorted(map(len, runs))[len(runs) // 2]
    return [run for run in runs if len(run) > max(10, 5 * usual)]


def _beyond_closures(missing: list[date], kept: Kept, traded: set[int]) -> list[list[date]]:
    """Missing days on which the exchange was open; nothing is said of the time before it is known.

    Single days of exchanges other than New York are left out: calendars lack closures that were
    declared at short notice.
    """
    from ml_debugger.data.exchanges import NEW_YORK

    beyond = [day for day in missing if kept.first <= day <= kept.last and day not in kept.closed]
    runs = _runs(beyond, traded, frozenset(missing) - frozenset(beyond))
    return [run for run in runs if len(run) > 1 or kept.exchange == NEW_YORK]


def _beyond_holidays(runs: list[list[date]], days: list[date]) -> list[list[date]]:
    """Runs that no calendar of holidays explains: too long, or too many in one year.

    Up to twenty weekdays a year are holidays somewhere (NYSE 9 or 10, Tokyo 16 to 20), and runs
    of four to eight weekdays recur where a spring or autumn festival closes the exchange.
    """
    years = Counter(day.year for run in runs for day in run)
    festive = {run[0].year for run in runs if 4 <= len(run) <= LONGEST_CLOSURE}
    span = range(days[0].year, days[-1].year + 1)
    recurring = len(festive) >= max(2, 0.5 * len(span))
    allowed = LONGEST_CLOSURE if recurring else 5
    usual = sorted(years[year] for year in span)[len(span) // 2]
    found = [run for run in runs if len(run) > allowed]
    for year in span:
        short = [run for run in runs if run[0].year == year and len(run) <= allowed]
        excess = sum(map(len, short)) - max(20, usual + 8)
        if excess > 0:
            found += sorted(short, key=len, reverse=True)[:excess]
    return found


def _gaps(ticker: str, runs: list[list[date]]) -> tuple[Gap, ...]:
    return tuple(Gap(len(run), ticker, run[0], run[-1]) for run in runs)
