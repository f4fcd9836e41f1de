"""The days of bars: which bars only repeat the one before, and the trading day of each bar.

A trading day may pass midnight: evening sessions, or hours of New York written in UTC. So the
day of an intraday bar turns in the middle of the longest time of the clock without bars.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import polars as pl

    from ml_debugger.artifacts import Bars

DAY = 86_400.0
DAILY, INTRADAY = (0.8, 4.5), (0.0, 0.8)
"""Mean distances of bars in days: weekends make 1.45 of one, weekly bars have seven."""
BINS = 48
BIN_MINUTES = 30
QUIET = 4
"""Bins of half an hour without a bar from which on a market has a night."""


def steps(bars: Bars) -> pl.DataFrame:
    """One row a ticker: `id`, its `start` row, `bars`, and the mean `step` in days."""
    import polars as pl

    time = bars.frame["time"].cast(pl.Datetime("us"))
    starts = bars.starts.cast(pl.Int64)
    ends = starts.shift(-1, fill_value=bars.frame.height) - 1
    count = ends - starts + 1
    span = (time[ends] - time[starts]).dt.total_seconds() / DAY
    return pl.DataFrame(
        {
            "id": pl.int_range(len(starts), dtype=pl.UInt32, eager=True),
            "start": starts,
            "bars": count,
            "step": span / (count - 1),
        }
    )


def copied(bars: Bars) -> pl.Series:
    """For each bar whether it repeats the bar before: no move, no range or the same, no volume."""
    import numpy as np
    import polars as pl

    assert bars.growth is not None
    # few bars do not move, so only these are looked at
    still = (bars.growth == 1.0).fill_null(False).arg_true()
    now, before = bars.frame[still], bars.frame[still.cast(pl.Int64) - 1]
    copy = pl.repeat(True, len(still), eager=True, dtype=pl.Boolean)
    others = [c for c in bars.ohlc if c != "close"]
    if others and "close" in bars.ohlc:
        copy = now.select(
            pl.all_horizontal(pl.col(c) == before[c] for c in others)
            | pl.all_horizontal(pl.col(c) == pl.col("close") for c in others)
        ).to_series()
    if "volume" in bars.names:
        volume = now["volume"]
        none = volume.is_null() | volume.is_nan() | (volume == 0)
        copy = copy & (none | (volume == before["volume"]))
    found = np.zeros(bars.frame.height, dtype=bool)
    found[still.filter(copy.fill_null(False)).to_numpy()] = True
    return pl.Series("copied", found)


@dataclass(frozen=True)
class TradingDays:
    """Intraday bars with their trading day, and the clock of each ticker.

    `rows` has `ticker`, `id`, `time`, `day`, `minute` of the trading day and `copied`, one row a
    bar; `used` counts the bars of each ticker in each half hour of its trading day.
    """

    rows: pl.DataFrame
    used: Any


def intraday(rows: pl.DataFrame) -> TradingDays:
    """The trading days of `rows`: `ticker`, `id` from 0, `time` and `copied`, in order."""
    import numpy as np
    import polars as pl

    wall = rows["time"].cast(pl.Datetime("us", getattr(rows.schema["time"], "time_zone", None)))
    wall = wall.dt.replace_time_zone(None)
    minute = wall.dt.hour().cast(pl.Int32) * 60 + wall.dt.minute().cast(pl.Int32)
    tickers = int(rows["id"].max() or 0) + 1  # type: ignore[arg-type]
    key = rows["id"].cast(pl.Int64) * BINS + minute // BIN_MINUTES
    counts = np.bincount(key.to_numpy(), minlength=tickers * BINS).reshape(tickers, BINS)
    turns = np.array([_turn(one) for one in counts])
    used = np.stack([np.roll(one, -turn) for one, turn in zip(counts, turns, strict=True)])
    # a market that turns in the afternoon belongs to the day that it runs into
    ahead = np.where(turns > BINS // 2, BINS - turns, -turns) * BIN_MINUTES
    shift = pl.Series(ahead, dtype=pl.Int64)[rows["id"]] * 60_000_000
    moved = (wall.cast(pl.Int64) + shift).cast(pl.Datetime("us"))
    turned = (moved.dt.hour().cast(pl.Int32) * 60 + moved.dt.minute().cast(pl.Int32)).alias(
        "minute"
    )
    table = rows.with_columns(moved.cast(pl.Date).alias("day"), turned)
    return TradingDays(table, used)


def _turn(used: Any) -> int:
    """The half hour at which the trading day turns; 0 for a market without a night."""
    import numpy as np

    quiet = used <= 0.001 * used.max()
    if quiet.all() or not quiet.any():
        return 0
    ring = np.concatenate([quiet, quiet])
    best, length, start = 0, 0, 0
    for n, still in enumerate(ring):
        if not still:
            start = n + 1
        elif n + 1 - start > length and n + 1 - start <= BINS:
            best, length = start, n + 1 - start
    if length < QUIET or (best % BINS) + length >= BINS or best % BINS == 0:
        # the longest night holds midnight: the day of the clock is the trading day
        return 0
    return (best + length // 2) % BINS


def by_day(days: TradingDays) -> pl.DataFrame:
    """One row a ticker and trading day: `bars`, whether all are `copied`, `first` and `last`.

    `first` and `last` are minutes of the trading day, of bars that do not repeat another.
    """
    import polars as pl

    moved = pl.when(~pl.col("copied")).then("minute")
    return days.rows.group_by("id", "day", maintain_order=True).agg(
        pl.col("ticker").first(),
        pl.len().alias("bars"),
        pl.col("copied").all(),
        moved.min().alias("first"),
        moved.max().alias("last"),
    )
