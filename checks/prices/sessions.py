"""Sessions learned from the bars themselves, and the runs of them that are missing.

A day on which most living tickers trade is a session. A table of a few tickers is held against
the calendar of the exchange whose closures its closed days are, or else against its own weekdays.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

    from ml_debugger.data.exchanges import Kept

CROSS_SECTION = 5
"""Tickers from which on a cross-section tells sessions from closed days."""
SESSION = 0.6
"""Share of living tickers that trade on a session."""
CLOSURE = 0.15
"""Share of living tickers that are absent together where their exchange was closed."""
LONGEST_CLOSURE = 8
"""Weekdays: the Chinese New Year and the October holidays close Shanghai for five to eight."""
HABIT = 4
"""Weeks without a weekday, at one end of a series, that make it none of the exchange's."""
TICKERS = "all tickers"


@dataclass(frozen=True, order=True)
class Gap:
    """Consecutive sessions without a bar: how many, of which ticker, from when to when."""

    sessions: int
    ticker: str
    start: date
    end: date


@dataclass(frozen=True)
class Found:
    """Gaps, and how many sessions were expected in all."""

    gaps: tuple[Gap, ...]
    expected: int


def find_gaps(days: pl.DataFrame) -> Found:
    """Gaps in `days`: `ticker`, its number `id` and `day`, one row a ticker and day, ascending."""
    gaps: list[Gap] = []
    expected = 0
    for (weekdays, suffix), part in by_calendar(days).items():
        if part["id"].n_unique() >= CROSS_SECTION:
            sessions = _sessions(part)
            found = _in_cross_section(part, sessions)
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
    import polars as pl

    counts = days.group_by("id", pl.col("day").dt.weekday().alias("weekday")).agg(
        pl.len(), pl.col("ticker").first()
    )
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
        (str(key[0]), str(key[1])): days.join(part.select("id"), on="id", how="semi")
        for key, part in parts.items()
    }


def _sessions(days: pl.DataFrame) -> pl.DataFrame:
    """Days on which most living tickers trade, with the number living, ascending."""
    import polars as pl

    lives = days.group_by("id").agg(
        pl.col("day").min().alias("start"), pl.col("day").max().alias("end")
    )
    trading = days.group_by("day").agg(pl.len().alias("trading")).sort("day")
    starts = lives["start"].sort()
    ends = lives["end"].sort()
    begun = starts.search_sorted(trading["day"], side="right").cast(pl.Int64)
    over = ends.search_sorted(trading["day"], side="left").cast(pl.Int64)
    return (
        trading.with_columns((begun - over).alias("living"))
        .filter(pl.col("trading") >= SESSION * pl.col("living"))
        .with_row_index("session")
    )


def _in_cross_section(days: pl.DataFrame, sessions: pl.DataFrame) -> Found:
    import polars as pl

    held = days.join(sessions.select("day", "session"), on="day")
    lives = held.group_by("id").agg(
        pl.col("ticker").first(),
        pl.col("session").min().alias("first"),
        pl.col("session").max().alias("last"),
        pl.len().alias("have"),
    )
    lives = lives.with_columns((pl.col("last") - pl.col("first") + 1).alias("expected"))
    expected = int(lives["expected"].sum())
    lacking = lives.filter(pl.col("have") < pl.col("expected"))
    if lacking.is_empty():
        return Found((), expected)
    missing = (
        lacking.select(
            "id",
            "ticker",
            "expected",
            pl.int_ranges("first", pl.col("last") + 1, dtype=pl.UInt32).alias("session"),
        )
        .explode("session")
        .join(held.select("id", "session"), on=["id", "session"], how="anti")
        .join(sessions.select("session", "day", "living"), on="session")
        .sort("ticker", "session")
        .with_columns(
            (
                (pl.col("session") - pl.col("session").shift() != 1)
                | (pl.col("ticker") != pl.col("ticker").shift())
            )
            .fill_null(True)
            .cum_sum()
            .alias("run"),
            pl.len().over("session").alias("absent"),
        )
    )
    runs = missing.group_by("run", maintain_order=True).agg(
        pl.col("ticker").first(),
        pl.col("day").first().alias("start"),
        pl.col("day").last().alias("end"),
        pl.len().alias("length"),
        pl.col("expected").first(),
        ((pl.col("absent") >= CLOSURE * pl.col("living")) & (pl.col("absent") >= 3))
        .all()
        .alias("shared"),
    )
    runs = runs.filter(~(pl.col("shared") & (pl.col("length") <= LONGEST_CLOSURE)))
    runs = _without_thin_trading(runs)
    return Found(
        tuple(
            Gap(row["length"], row["ticker"], row["start"], row["end"])
            for row in runs.iter_rows(named=True)
        ),
        expected,
    )


def _without_thin_trading(runs: pl.DataFrame) -> pl.DataFrame:
    """Leave out the short gaps of tickers that are often not traded at all."""
    import polars as pl

    thin = (
        (pl.col("length").sum().over("ticker") > 0.03 * pl.col("expected"))
        & (pl.len().over("ticker") >= 10)
        & (pl.col("length").median().over("ticker") <= 3)
    )
    own = 5 * pl.col("length").median().over("ticker")
    return runs.filter(~thin | (pl.col("length") > pl.max_horizontal(own, pl.lit(10))))


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
