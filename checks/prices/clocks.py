"""What the times of a part of a table show: the clocks of daily bars, and intraday sessions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from checks.prices.stamps import (
    CONVERTED,
    SHIFTED,
    WRONG_DATE,
    clock_of,
    off_by_a_day,
    wall,
    weekday_counts,
)

if TYPE_CHECKING:
    import polars as pl

    from ml_debugger.artifacts import Bars

MOST_LOOKED_AT = 50
"""Tickers of one kind that are looked at one by one."""
SUFFIX = r"(\.[A-Z]{1,3}|=[XF])$"
DATE_SAMPLE = 5
"""Tickers of one kind whose dates are held against calendars."""


def shifted(bars: Bars, daily: pl.DataFrame) -> pl.DataFrame:
    """Tickers whose dates an exchange explains when they are moved by a day."""
    import polars as pl

    counts = weekday_counts(bars).join(daily.select("id", "ticker", "start", "bars"), on="id")
    kept = counts.filter(pl.col("len") >= 0.4 * pl.col("len").max().over("id")).sort("weekday")
    patterns = (
        kept.group_by("id")
        .agg(
            pl.col("ticker", "start", "bars").first(),
            pl.col("weekday").cast(pl.String).str.join("").alias("weekdays"),
        )
        .filter(pl.col("weekdays").is_in(list(SHIFTED)))
        .with_columns(pl.col("ticker").str.extract(SUFFIX).fill_null("").alias("suffix"))
        .sort("bars", descending=True)
    )
    found = []
    for (weekdays, suffix), group in patterns.partition_by(
        "weekdays", "suffix", as_dict=True, maintain_order=True
    ).items():
        seen = []
        for start, count in group.head(DATE_SAMPLE).select("start", "bars").rows():
            days = wall(bars.frame["time"][start : start + count])[0].cast(pl.Date)
            days = days.filter(days.dt.weekday().is_in([int(d) for d in str(weekdays)]))
            seen.append(off_by_a_day(days.unique().sort().to_list(), str(weekdays), str(suffix)))
        known = [one for one in seen if one is not None]
        if 2 * len(known) > len(seen):
            add, exchange = known[0]
            side, other = ("early", "later") if add > 0 else ("late", "before")
            said = f"dates a day {side}: {exchange} is closed a day {other}"
            found.append(group.select("ticker", "bars", pl.lit(said).alias("said")))
    schema = {"ticker": pl.String, "bars": pl.Int64, "said": pl.String}
    return pl.concat([pl.DataFrame(schema=schema), *found], how="vertical_relaxed")


def clocks(bars: Bars, daily: pl.DataFrame) -> pl.DataFrame:
    """What the stamps of each daily ticker are, where they do not stand at one time of day."""
    import polars as pl

    schema = {"ticker": pl.String, "kind": pl.String, "said": pl.String, "odd": pl.Int64}
    nothing = pl.DataFrame(schema=schema)
    if daily.is_empty():
        return nothing
    times, local = wall(bars.frame["time"])
    minute = times.dt.hour().cast(pl.Int32) * 60 + times.dt.minute().cast(pl.Int32)
    if minute.n_unique() == 1:
        return nothing
    counts = (
        pl.DataFrame([bars.number.alias("id"), minute.alias("minute")])
        .group_by("id", "minute")
        .len()
        .join(daily.select("id", "ticker", "start", "bars"), on="id")
        .sort("minute")
    )
    kinds = (
        counts.group_by("id")
        .agg(
            pl.col("ticker", "start", "bars").first(),
            pl.col("len").max().alias("most"),
            pl.col("minute").filter(pl.col("len") > 1).cast(pl.String).str.join(" ").alias("seen"),
        )
        .filter(pl.col("most") < pl.col("bars") - 1)
        .sort("bars", "ticker", descending=[True, False])
    )
    rows = []
    for group in kinds.partition_by("seen", maintain_order=True):
        first = None
        looked_at = group.select("ticker", "start", "bars").head(MOST_LOOKED_AT)
        for ticker, start, count in looked_at.rows():
            clock = clock_of(times[start : start + count], local)
            rows.append((ticker, clock.kind, clock.said, clock.odd))
            if first is None and clock.kind in (CONVERTED, WRONG_DATE):
                # tickers with the same times of day stand in the same zone
                rows += [
                    (other, clock.kind, clock.said, round(n * clock.odd / max(1, count - 1)))
                    for other, n in group.select("ticker", "bars").rows()[1:]
                ]
                break
            first = first or clock
    return pl.DataFrame(rows, schema=schema, orient="row")


def no_sessions() -> pl.DataFrame:
    import polars as pl

    return pl.DataFrame(
        schema={
            "id": pl.UInt32,
            "ticker": pl.String,
            "day": pl.Date,
            "first": pl.Int32,
            "last": pl.Int32,
            "bars": pl.Int64,
        }
    )


def sessions(bars: Bars, short: pl.DataFrame) -> pl.DataFrame:
    """The first and last minute of each ticker's days on the clock of the file."""
    import polars as pl

    if short.is_empty():
        return no_sessions()
    times, _ = wall(bars.frame["time"])
    day = times.cast(pl.Date)
    begins = (~bars.same | (day != day.shift())).fill_null(True).arg_true().cast(pl.Int64)
    ends = begins.shift(-1, fill_value=bars.frame.height) - 1

    def minute(at: pl.Series) -> pl.Series:
        stamp: pl.Series = times[at]
        return stamp.dt.hour().cast(pl.Int32) * 60 + stamp.dt.minute().cast(pl.Int32)

    return (
        pl.DataFrame(
            {
                "id": bars.number[begins],
                "ticker": bars.frame["ticker"][begins],
                "day": day[begins],
                "first": minute(begins),
                "last": minute(ends),
                "bars": ends - begins + 1,
            }
        )
        .drop_nulls("day")
        # a lone bar has no hours
        .filter(pl.col("id").is_in(short["id"].implode()) & (pl.col("bars") > 1))
    )
