"""PRC008 off-calendar-bar."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from checks.prices.cross_section import CROSS_SECTION
from checks.prices.off_hours import EARLY_CLOSE, NIGHT, after_early_close, at_night
from checks.prices.shut_days import COPIED, LEAST_SESSIONS, TRADED, find_shut, kept_by_all, regular
from checks.prices.trading_days import DAILY, INTRADAY, by_day, copied, intraday, steps
from checks.prices.wording import plural
from ml_debugger.artifacts import Bars, PriceTable
from ml_debugger.contract import (
    Evidence,
    Gathered,
    Limit,
    Measurement,
    NotMeasured,
    Outcome,
    check,
)

if TYPE_CHECKING:
    import polars as pl

WORDS = {
    COPIED: "filled forward",
    TRADED: "on closed days",
    NIGHT: "at night",
    EARLY_CLOSE: "after early closes",
}


def gather(bars: Bars) -> Mapping[str, pl.DataFrame]:
    """`off`: bars of closed days and hours; `judged`: counts; `few`: days of lone tickers."""
    import polars as pl

    if not bars.dated or bars.growth is None:
        return {}
    table = steps(bars)
    still = copied(bars)
    off, judged, few = [_none()], 0, []
    for kind in (DAILY, INTRADAY):
        chosen = table.filter(
            (pl.col("bars") >= LEAST_SESSIONS) & pl.col("step").is_between(*kind, closed="left")
        )
        if chosen.is_empty():
            continue
        if kind == DAILY and chosen.height == table.height and regular(bars, still, table):
            judged += bars.frame.height
            continue
        rows = _rows(bars, still, table, chosen)
        if kind == INTRADAY:
            clock = intraday(rows)
            days = by_day(clock)
            kept = kept_by_all(days) if chosen.height < CROSS_SECTION else None
            off += [_cast(at_night(clock)), _cast(after_early_close(clock, days, kept))]
            judged += int(days["bars"].sum())
        else:
            days = _once_a_day(rows)
            judged += days.height
        if chosen.height < CROSS_SECTION:
            few.append(days.select("ticker", "day", "copied"))
        else:
            found = find_shut(days)
            off.append(_cast(found.rename({"day": "time"})))
    schema = {"ticker": pl.String, "day": pl.Date, "copied": pl.Boolean}
    return {
        "off": pl.concat(off),
        "few": pl.concat([pl.DataFrame(schema=schema), *few]),
        "judged": pl.DataFrame({"bars": [judged]}, schema={"bars": pl.Int64}),
    }


@check(
    code="PRC008",
    name="off-calendar-bar",
    component="data",
    playbook="market-data",
    limits=(
        Limit(
            "off_calendar_bars",
            "bars",
            "above",
            "bars of days or hours at which the exchange was shut",
            "an exchange that is shut makes no price; measured: none in 619,040 bars of a "
            "published file of 505 tickers",
            warn=0,
        ),
        Limit(
            "off_calendar_share",
            "share",
            "above",
            "share of them in the bars that could be judged",
            "NYSE Rule 7.2: nine or ten holidays in 252 sessions, so filling the holidays makes "
            "a share of 0.036",
            fail=0.01,
        ),
    ),
    profiles=("pre-train", "full"),
    gather=gather,
)
def off_calendar_bar(prices: PriceTable, found: Gathered) -> Outcome:
    """Bars stand on days or at hours when the exchange was shut.

    What it measures:
        A day on which most living tickers trade is a session, whatever a calendar says, so
        special sessions on weekends are sessions. Bars of days on which at most a fifth of them
        trade are off the calendar, unless a ticker trades on such days by another exchange's
        calendar. A few tickers are held against the exchange whose closures their closed days
        are, else against their own weekdays. The commonest form are holidays and weekends that
        were filled forward: bars without a move that repeat the bar before. Intraday: bars far
        from the hours of the session, and bars after an early close. Coins and currencies are
        held against their own weekdays; weekly and longer bars are not judged.

    Why it matters:
        Such a bar is a session that nobody could trade in. It adds returns of zero, shrinks
        volatility, shifts every window by a session, and puts tickers out of step.

    What to do:
        Drop the named bars. If they were filled forward, take out the step that reindexes to
        weekdays or all days, or fill after features and labels were made, never before.

    Sources:
        NYSE Rule 7.2 and its list of special closures; exchange_calendars for other exchanges
        and early closes; NSE circulars on the special sessions of 2024.
    """
    import polars as pl

    if "judged" not in found:
        return NotMeasured("has no dates" if "time" not in prices.names else "has no close")
    few = found["few"].sort("ticker", "day")
    number = (pl.col("ticker") != pl.col("ticker").shift()).fill_null(True).cum_sum()
    shut = find_shut(few.with_columns((number - 1).cast(pl.UInt32).alias("id")))
    off = pl.concat([found["off"], _cast(shut.rename({"day": "time"}))])
    off = off.sort("ticker", "time")
    judged = int(found["judged"]["bars"].sum())
    if not judged:
        return NotMeasured(f"no ticker has {LEAST_SESSIONS} bars of a day or less")
    count = off.height
    values = {"off_calendar_bars": count, "off_calendar_share": count / judged}
    if not count:
        return Measurement(f"None of {plural(judged, 'bar')} outside the sessions", values)
    kinds = off.group_by("detail").len().sort("len", descending=True)
    said = ", ".join(f"{n:,} {WORDS[kind]}" for kind, n in kinds.rows())
    tickers = off["ticker"].n_unique()
    return Measurement(
        f"{plural(count, 'bar')} of {plural(tickers, 'ticker')} off calendar: {said}",
        values,
        tuple(
            Evidence("off calendar", detail, where=f"{ticker} {_plain(time)}")
            for ticker, time, detail in off.group_by("detail", maintain_order=True)
            .head(2)
            .select("ticker", "time", "detail")
            .head(5)
            .rows()
        ),
        rows=lambda: off,
    )


def _rows(bars: Bars, still: pl.Series, table: pl.DataFrame, chosen: pl.DataFrame) -> pl.DataFrame:
    """The bars of the chosen tickers: `ticker`, `id` from 0, `time`, `copied`."""
    import polars as pl

    rows = bars.frame.select("ticker", bars.number.alias("id"), "time", still.alias("copied"))
    if chosen.height < table.height:
        rows = rows.filter(pl.col("id").is_in(chosen["id"].implode()))
        rows = rows.with_columns((pl.col("id").rle_id()).cast(pl.UInt32))
    return rows if rows["time"].null_count() == 0 else rows.drop_nulls("time")


def _once_a_day(rows: pl.DataFrame) -> pl.DataFrame:
    """One row a ticker and day: `ticker`, `id`, `day` and whether it is `copied`."""
    import polars as pl

    time = pl.col("time").cast(pl.Date) if rows.schema["time"] != pl.Date else pl.col("time")
    days = rows.select("ticker", "id", time.alias("day"), "copied")
    again = (pl.col("id") == pl.col("id").shift()) & (pl.col("day") == pl.col("day").shift())
    return days.filter(~again.fill_null(False))


def _none() -> pl.DataFrame:
    import polars as pl

    return pl.DataFrame(
        schema={"ticker": pl.String, "time": pl.Datetime("us"), "detail": pl.String}
    )


def _cast(rows: pl.DataFrame) -> pl.DataFrame:
    """Times as moments without a zone, in UTC where the table has one."""
    import polars as pl

    time = pl.col("time")
    if getattr(rows.schema["time"], "time_zone", None) is not None:
        time = time.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
    return rows.select("ticker", time.cast(pl.Datetime("us")).alias("time"), "detail")


def _plain(time: object) -> str:
    return str(time).removesuffix(" 00:00:00")
