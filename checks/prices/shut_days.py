"""Days on which bars stand although the exchange was shut.

A day on which most living tickers trade is a session whatever a calendar says. A bar that only
repeats the one before it is no trade: files that were filled forward have such bars on holidays.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from datetime import date, timedelta
from typing import TYPE_CHECKING

from checks.prices.cross_section import CROSS_SECTION, SESSION
from checks.prices.sessions import by_calendar

if TYPE_CHECKING:
    import polars as pl

    from ml_debugger.artifacts import Bars
    from ml_debugger.data.exchanges import Kept

SHUT = 0.2
"""Share of living tickers that may have a bar where the exchange was shut."""
UNCLEAR = 0.05
"""Share of days between `SHUT` and `SESSION` from which on a cross-section tells nothing."""
LEAST_SESSIONS = 20
FOREIGN = 0.2
"""Share of its group's closed days on which a ticker of another exchange trades at least."""
FILLED = 0.95
"""Share of its bars outside its weekdays that a filled series repeats."""
STILL = 0.3
"""Share of repeats among ordinary bars above which a repeat says nothing about a day."""
SPECIAL = 4
"""Weekend sessions that an exchange holds a year: Mumbai had three Saturdays and Diwali in 2024."""

COPIED, TRADED = "repeats the bar before", "exchange shut"


def find_shut(days: pl.DataFrame) -> pl.DataFrame:
    """Bars of closed days in `days`.

    `days` has `ticker`, its number `id`, `day` and `copied` (Boolean: it repeats the bar before),
    one row a ticker and day, ascending. The bars found have `ticker`, `day` and `detail`.
    """
    import polars as pl

    none = pl.DataFrame(schema={"ticker": pl.String, "day": pl.Date, "detail": pl.String})
    found = [none]
    moving = days.filter(~pl.col("copied"))
    for (weekdays, suffix), traded in by_calendar(moving).items():
        ids = traded["id"].unique()
        part = days if len(ids) == days["id"].n_unique() else days.filter(pl.col("id").is_in(ids))
        alone = list(part.partition_by("id"))
        if len(ids) >= CROSS_SECTION:
            across, alone = _in_cross_section(part, traded, weekdays, suffix)
            found.append(across)
        for one in alone:
            off = _alone(one, weekdays, suffix)
            rows = {"ticker": one["ticker"][0], "day": list(off), "detail": list(off.values())}
            found.append(pl.DataFrame(rows, schema=none.schema))
    return pl.concat(found).sort("ticker", "day")


def regular(bars: Bars, copied: pl.Series, table: pl.DataFrame) -> bool:
    """Whether most living tickers trade on every day of a table of daily bars.

    `table` holds the rows at which tickers start. Then no day is closed, and grouping millions
    of bars by calendar can be left out.
    """
    import polars as pl

    starts = table["start"]
    if len(starts) < CROSS_SECTION or bars.frame.schema["time"] != pl.Date:
        return False
    time = bars.frame["time"]
    ends = starts.shift(-1, fill_value=bars.frame.height) - 1
    first, last = time[starts].sort(), time[ends].sort()
    if time.null_count():
        return False
    days = time.alias("day").value_counts(name="bars")
    repeats = time.alias("day").filter(copied).value_counts(name="copied")
    days = days.join(repeats, on="day", how="left").with_columns(pl.col("copied").fill_null(0))
    begun = first.search_sorted(days["day"], side="right").cast(pl.Int64)
    over = last.search_sorted(days["day"], side="left").cast(pl.Int64)
    living = begun - over
    trading = days["bars"].cast(pl.Int64) - days["copied"].cast(pl.Int64)
    # days with fewer living tickers are judged by no cross-section, here or there
    return bool(((trading >= SESSION * living) | (living < CROSS_SECTION)).all())


def kept_by_all(days: pl.DataFrame) -> Kept | None:
    """The calendar that the trading days of a few tickers keep."""
    import polars as pl

    from ml_debugger.data.exchanges import kept_by

    moving = days.filter(~pl.col("copied"))
    groups = by_calendar(moving)
    if len(groups) != 1:
        return None
    ((weekdays, suffix), part), *_ = groups.items()
    dated = part.filter(pl.col("day").dt.weekday().is_in([int(day) for day in weekdays]))
    return kept_by(dated["day"].unique().sort().to_list(), weekdays, suffix)


def _in_cross_section(
    part: pl.DataFrame, traded: pl.DataFrame, weekdays: str, suffix: str
) -> tuple[pl.DataFrame, list[pl.DataFrame]]:
    """Bars of days that hardly any ticker trades on, and the tickers to be judged alone."""
    import polars as pl

    table = _by_day(part, traded)
    sessions = table.filter(pl.col("share") >= SESSION)["day"]
    shut = table.filter(pl.col("share") <= SHUT)
    unclear = table.height - len(sessions) - shut.height
    nothing = part.clear().select("ticker", "day", pl.lit("").alias("detail"))
    if len(sessions) < LEAST_SESSIONS or unclear > UNCLEAR * table.height:
        return nothing, part.partition_by("id") if part["id"].n_unique() <= 50 else []
    shut = _without_stuck_sessions(shut, sessions, weekdays, suffix)
    suspects = part.filter(pl.col("day").is_in(shut["day"].implode()))
    if suspects.is_empty():
        return nothing, []
    foreign = _foreign(suspects, traded, sessions, shut, weekdays)
    alone = part.filter(pl.col("id").is_in(foreign.implode()))
    off = suspects.filter(~pl.col("id").is_in(foreign.implode())).select(
        "ticker",
        "day",
        pl.when("copied").then(pl.lit(COPIED)).otherwise(pl.lit(TRADED)).alias("detail"),
    )
    return off, alone.partition_by("id")


def _by_day(part: pl.DataFrame, traded: pl.DataFrame) -> pl.DataFrame:
    """By day: how many `bars`, how many of them `copied`, and the `share` of the living trading."""
    import polars as pl

    lives = traded.group_by("id").agg(
        pl.col("day").min().alias("start"), pl.col("day").max().alias("end")
    )
    days = part.group_by("day").agg(pl.len().alias("bars"), pl.col("copied").sum()).sort("day")
    begun = lives["start"].sort().search_sorted(days["day"], side="right").cast(pl.Int64)
    over = lives["end"].sort().search_sorted(days["day"], side="left").cast(pl.Int64)
    return (
        days.with_columns((begun - over).alias("living"))
        .filter(pl.col("living") >= CROSS_SECTION)
        .with_columns(((pl.col("bars") - pl.col("copied")) / pl.col("living")).alias("share"))
    )


def _without_stuck_sessions(
    shut: pl.DataFrame, sessions: pl.Series, weekdays: str, suffix: str
) -> pl.DataFrame:
    """Leave out sessions of the exchange on which a feed repeated the day before for everyone."""
    import polars as pl

    from ml_debugger.data.exchanges import kept_by

    usual = pl.col("day").dt.weekday().is_in([int(day) for day in weekdays])
    filled = shut.filter((pl.col("copied") >= SESSION * pl.col("living")) & usual)
    kept = kept_by(sessions.to_list(), weekdays, suffix) if filled.height else None
    if kept is None:
        return shut
    stuck = [day for day in filled["day"] if kept.open(day)]
    return shut.filter(~pl.col("day").is_in(stuck))


def _foreign(
    suspects: pl.DataFrame,
    traded: pl.DataFrame,
    sessions: pl.Series,
    shut: pl.DataFrame,
    weekdays: str,
) -> pl.Series:
    """Tickers that trade on the closed days of the others by their own exchange's calendar."""
    import polars as pl

    usual = pl.col("day").dt.weekday().is_in([int(day) for day in weekdays])
    closed = shut.filter(usual)["day"].sort()
    held = suspects.filter(~pl.col("copied") & usual).group_by("id").agg(pl.len().alias("held"))
    own = traded.join(held.select("id"), on="id", how="semi")
    lives = own.group_by("id").agg(
        pl.col("day").min().alias("start"),
        pl.col("day").max().alias("end"),
        pl.col("day").is_in(sessions.implode()).sum().alias("have"),
    )

    def between(days: pl.Series) -> pl.Series:
        after = days.search_sorted(lives["end"], side="right").cast(pl.Int64)
        return after - days.search_sorted(lives["start"], side="left").cast(pl.Int64)

    facts = lives.with_columns(
        between(sessions.sort()).alias("expected"), between(closed).alias("closed")
    ).join(held, on="id")
    often = (pl.col("held") >= 3) & (pl.col("held") >= FOREIGN * pl.col("closed"))
    return facts.filter(often | (pl.col("have") < pl.col("expected")))["id"]


def _alone(part: pl.DataFrame, weekdays: str, suffix: str) -> dict[date, str]:
    """Closed days of one ticker by the calendar that it keeps, else by its own weekdays."""
    from ml_debugger.data.exchanges import WEEKDAYS, kept_by

    bars = dict(part.select("day", "copied").iter_rows())
    traded = [day for day, copied in bars.items() if not copied]
    pattern = {int(day) for day in weekdays}
    usual = [copied for day, copied in bars.items() if day.isoweekday() in pattern]
    off: dict[date, str] = {}
    kept = kept_by([d for d in traded if d.isoweekday() in pattern], weekdays, suffix)
    if kept is not None:
        off |= _on_closures(bars, kept)
    elif sum(usual) > STILL * len(usual):
        return off
    outside = {day: bars[day] for day in bars if day.isoweekday() not in pattern}
    if not outside:
        return off
    if sum(outside.values()) >= FILLED * len(outside) and len(outside) > 1:
        return off | dict.fromkeys(outside, COPIED)
    single = [day for day in outside if not _has_neighbours(day, bars)]
    if kept is not None and not kept.weekends and weekdays == WEEKDAYS:
        return off | {day: _why(outside[day]) for day in single}
    years = Counter(day.year for day in single)
    return off | {day: _why(outside[day]) for day in single if years[day.year] > SPECIAL}


def _on_closures(bars: dict[date, bool], kept: Kept) -> dict[date, str]:
    """Bars on the exchange's closures: repeats always, trades where the calendar is certain."""
    on = sorted(kept.closed & bars.keys())
    years = Counter(day.year for day in on if not bars[day])
    # Mumbai opens for an hour on the evening of Diwali, which is a closed day of the calendar
    special = 1 if kept.weekends else 0
    return {
        day: _why(bars[day])
        for day in on
        if bars[day] or (kept.exact and years[day.year] > special)
    }


def _why(copied: bool) -> str:
    return COPIED if copied else TRADED


def _has_neighbours(day: date, bars: Collection[date]) -> bool:
    """Whether the weeks around have a bar on this weekday too: then it is a habit."""
    return sum(day + timedelta(days=7 * week) in bars for week in (-2, -1, 1, 2)) >= 2
