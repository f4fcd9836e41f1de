"""How much of each ticker's life a table covers, period by period."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl

MOST_PERIODS = 48
"""Periods of a coverage: as many columns as fit on a line of 80 beside a ticker and a share."""
PERIODS = ("1y", "1q", "1mo", "1w")
OWN_WEEKEND = 0.1
"""Share of a ticker's days on weekends from which it keeps a week of seven days."""
SESSION = 0.5
"""Share of living tickers that make a day a session."""


def coverage(frame: pl.LazyFrame, ticker: str | None, time: str) -> pl.DataFrame:
    """Sessions and days with rows, by ticker and period of its life.

    Returns `ticker` (String), `period` (Date, its first day), `sessions` and `days` (Int64):
    sessions are the days on which at least half of the living tickers of the same kind of week
    have rows, counted between the ticker's first and last row. The finest of year, quarter,
    month and week is taken that gives at most 48 periods.
    """
    key = pl.col(ticker).cast(pl.String) if ticker else pl.lit("all rows")
    keyed = frame.select(key.alias("ticker"), pl.col(time).cast(pl.Date).alias("day")).drop_nulls()
    lives = _lives(keyed)
    if lives.is_empty():
        return pl.DataFrame(schema=_SCHEMA)
    every = _every(lives["start"].min(), lives["end"].max())  # type: ignore[arg-type]
    cells = (
        keyed.group_by("ticker", pl.col("day").dt.truncate(every).alias("period"))
        .agg(pl.col("day").n_unique().cast(pl.Int64).alias("days"))
        .collect(engine="streaming")
    )
    parts = []
    for _, members in lives.group_by("seven"):
        sessions = _sessions(keyed, members)
        if len(sessions):
            parts.append(_expected(members, sessions, every))
    expected = pl.concat(parts) if parts else pl.DataFrame(schema=_EXPECTED)
    return (
        expected.join(cells, on=["ticker", "period"], how="left")
        .with_columns(pl.min_horizontal(pl.col("days").fill_null(0), "sessions").alias("days"))
        .select(list(_SCHEMA))
        .sort("ticker", "period")
    )


_EXPECTED = {"ticker": pl.String, "period": pl.Date, "sessions": pl.Int64}
_SCHEMA = {**_EXPECTED, "days": pl.Int64}


def _lives(keyed: pl.LazyFrame) -> pl.DataFrame:
    """First and last day of each ticker, and whether it has rows on weekends."""
    weekend = pl.col("day").dt.weekday() > 5
    return (
        keyed.group_by("ticker")
        .agg(
            pl.col("day").min().alias("start"),
            pl.col("day").max().alias("end"),
            (weekend.mean() > OWN_WEEKEND).alias("seven"),
        )
        .collect(engine="streaming")
    )


def _every(start: date, end: date) -> str:
    """The finest period that divides a span into at most 48."""
    days = (end - start).days + 1
    lengths = dict(zip(PERIODS, (365.25, 91.3, 30.4, 7.0), strict=True))
    fitting = [every for every in PERIODS if days / lengths[every] <= MOST_PERIODS - 1]
    return fitting[-1] if fitting else PERIODS[0]


def _sessions(keyed: pl.LazyFrame, members: pl.DataFrame) -> pl.Series:
    """Days on which at least half of the living members have rows, ascending."""
    counts = (
        keyed.filter(pl.col("ticker").is_in(members["ticker"].implode()))
        .group_by("day")
        .agg(pl.col("ticker").n_unique().alias("tickers"))
        .collect(engine="streaming")
        .sort("day")
    )
    days = counts["day"].to_numpy()
    begun = np.searchsorted(members["start"].sort().to_numpy(), days, side="right")
    ended = np.searchsorted(members["end"].sort().to_numpy(), days, side="left")
    return counts["day"].filter(
        pl.Series(counts["tickers"].to_numpy() >= SESSION * (begun - ended))
    )


def _expected(members: pl.DataFrame, sessions: pl.Series, every: str) -> pl.DataFrame:
    """Sessions by member and period, between the member's first and last day."""
    days = sessions.to_numpy()
    periods = sessions.dt.truncate(every).unique().sort()
    first = np.searchsorted(days, periods.to_numpy(), side="left")
    after = np.append(first[1:], len(days))
    start = np.searchsorted(days, members["start"].to_numpy(), side="left")[:, None]
    end = np.searchsorted(days, members["end"].to_numpy(), side="right")[:, None]
    counts = np.minimum(after, end) - np.maximum(first, start)
    row, column = np.nonzero(counts > 0)
    return pl.DataFrame(
        {
            "ticker": members["ticker"].gather(row),
            "period": periods.gather(column),
            "sessions": counts[row, column],
        },
        schema=_EXPECTED,
    )
