"""Intraday bars at hours when the exchange was shut: at night, or after an early close."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from checks.prices.cross_section import CROSS_SECTION, SESSION
from checks.prices.trading_days import BIN_MINUTES, BINS, TradingDays

if TYPE_CHECKING:
    import polars as pl

    from ml_debugger.data.exchanges import Kept

CORE = 0.2
"""Share of its busiest half hour from which on a half hour belongs to the session: stamps in
UTC have half of the year an hour earlier."""
EDGE = 0.005
"""Share of the session's bars beside it above which a file holds hours before and after it."""
LEAST_DAYS = 20
EARLY = 60
"""Minutes before the usual end at which an early close is at least."""
SPECIAL_BARS, SPECIAL_DATES = 3, 4
"""Bars in a row and dates a year that make special sessions at odd hours, such as Diwali's."""

NIGHT, EARLY_CLOSE = "outside the hours of the exchange", "after an early close"


def at_night(days: TradingDays) -> pl.DataFrame:
    """Bars at half hours far from the session of their ticker: `ticker`, `time`, `detail`."""
    import numpy as np
    import polars as pl

    outside = np.stack([_outside(one) for one in days.used])
    key = days.rows["id"].cast(pl.Int64) * BINS + days.rows["minute"] // BIN_MINUTES
    nothing = days.rows.clear().select("ticker", "time", pl.lit("").alias("detail"))
    if not outside.any():
        return nothing
    rows = days.rows.filter(pl.Series(outside.ravel()[key.to_numpy()]))
    if rows.is_empty():
        return nothing
    sessions = days.rows.group_by("id").agg(pl.col("day").n_unique().alias("days"))
    rows = rows.join(sessions, on="id").filter(pl.col("days") >= LEAST_DAYS)
    # a whole session at an odd hour, or one that most tickers share, was held
    dates = (
        rows.group_by("id", "day").agg((~pl.col("copied")).sum().alias("moved")).sort("id", "day")
    )
    year = pl.col("day").dt.year()
    special = dates.with_columns(
        (pl.col("moved") >= SPECIAL_BARS).alias("block"),
        (pl.len().over("id", year) <= SPECIAL_DATES).alias("few"),
    ).filter("block", "few")
    rows = rows.join(special.select("id", "day"), on=["id", "day"], how="anti")
    if len(days.used) >= CROSS_SECTION:
        common = rows.group_by("day").agg(pl.col("id").n_unique().alias("at"))
        held = common.filter(pl.col("at") >= SESSION * len(days.used))
        rows = rows.join(held.select("day"), on="day", how="anti")
    return rows.select("ticker", "time", pl.lit(NIGHT).alias("detail"))


def _outside(used: Any) -> Any:
    """Half hours in which a ticker with a session of sharp edges must not have a bar."""
    import numpy as np

    none = np.zeros(BINS, dtype=bool)
    core = np.flatnonzero(used >= CORE * used.max())
    if not used.max() or core[-1] - core[0] > 0.7 * BINS:
        return none
    first, last = int(core[0]), int(core[-1])
    beside = [*range(max(0, first - 2), first), *range(last + 1, min(BINS, last + 3))]
    # the closing auction is a bar of its own in the half hour after the session
    auction = used[last + 1] if last + 1 < BINS else 0
    if used[beside].sum() - auction > EDGE * used[core].sum():
        return none
    outside = ~none
    outside[max(0, first - 1) : last + 2] = False
    return outside


def after_early_close(days: TradingDays, table: pl.DataFrame, kept: Kept | None) -> pl.DataFrame:
    """Bars after the end of a session that was short: `ticker`, `time`, `detail`.

    `table` holds the trading days of the same tickers (`by_day`). With five tickers the short
    sessions are those that most of them end early; with fewer, those of the calendar.
    """
    import polars as pl

    usual = pl.col("last").median().over("id")
    ends = table.filter(pl.col("last").is_not_null()).with_columns(
        pl.col("last")
        .cast(pl.Float64)
        .rolling_median(11, center=True, min_samples=3)
        .over("id")
        .fill_null(usual)
        .alias("usual"),
        (pl.col("last") - pl.col("first")).median().over("id").alias("length"),
    )
    nothing = days.rows.clear().select("ticker", "time", pl.lit("").alias("detail"))
    if ends.is_empty():
        return nothing
    limits = _shared(ends) if ends["id"].n_unique() >= CROSS_SECTION else _declared(ends, kept)
    if limits.is_empty():
        return nothing
    late = days.rows.join(limits, on=["id", "day"]).filter(pl.col("minute") > pl.col("end"))
    return late.select("ticker", "time", pl.lit(EARLY_CLOSE).alias("detail"))


def _shared(ends: pl.DataFrame) -> pl.DataFrame:
    """The last minute of sessions that most tickers end early together, by `id` and `day`."""
    import polars as pl

    early = pl.col("last") <= pl.col("usual") - EARLY
    days = (
        ends.group_by("day")
        .agg(
            pl.len().alias("trading"),
            early.mean().alias("share"),
            (pl.col("usual") - pl.col("last")).filter(early).median().alias("cut"),
            (pl.col("usual") - pl.col("last")).filter(early).std().fill_null(0).alias("spread"),
        )
        .filter(
            (pl.col("trading") >= CROSS_SECTION)
            & (pl.col("share") >= SESSION)
            # thinly traded tickers end early at all times, and not together
            & (pl.col("spread") <= EARLY / 2)
        )
    )
    return ends.join(days.select("day", "cut"), on="day").select(
        "id", "day", (pl.col("usual") - pl.col("cut") + BIN_MINUTES).alias("end")
    )


def _declared(ends: pl.DataFrame, kept: Kept | None) -> pl.DataFrame:
    """The same from the calendar of the exchange, for files that hold its session alone."""
    import polars as pl

    from ml_debugger.data.exchanges import early_closes

    none = ends.clear().select("id", "day", pl.lit(0.0).alias("end"))
    if kept is None or not kept.exact:
        return none
    first, last = ends["day"].min(), ends["day"].max()
    assert isinstance(first, date)
    assert isinstance(last, date)
    cuts, session = early_closes(kept.exchange, first, last)
    if not cuts:
        return none
    minutes = pl.DataFrame(
        {"day": list(cuts), "cut": [cut.total_seconds() / 60 for cut in cuts.values()]},
        schema={"day": pl.Date, "cut": pl.Float64},
    )
    # files with hours before and after the session have bars after an early close by right
    regular = pl.col("length") <= session.total_seconds() / 60 + 5
    return (
        ends.filter(regular)
        .join(minutes, on="day")
        .select("id", "day", (pl.col("usual") - pl.col("cut") + 5).alias("end"))
    )
