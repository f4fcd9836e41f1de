"""The part of the prices that a function is tried on: bounded, and the whole cross-section."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from ml_debugger.artifacts import PriceTable

Array = np.ndarray[Any, np.dtype[Any]]

FIELDS = ("open", "high", "low", "close", "adj_close", "volume")
BEGUN_SHARE = 0.05
"""A ticker belongs to the cross-section when it has begun within this share of the sessions."""


class NoPrices(Exception):
    """The data hold nothing that a feature function could be tried on."""


@dataclass(frozen=True)
class Sample:
    """Bars sorted by ticker and time.

    `ticker` and `time` number the row's ticker and session; `tickers` and `times` (ns) resolve
    the numbers. `columns` are the input columns as float64, missing as NaN. `begun` is the first
    session in which every ticker has had a bar. `daily` is true for dates without a time of day.
    """

    tickers: Array
    times: Array
    ticker: Array
    time: Array
    columns: Mapping[str, Array]
    begun: int
    daily: bool
    used: str

    @property
    def rows(self) -> int:
        """How many bars."""
        return len(self.ticker)

    @property
    def unit(self) -> str:
        """What a step in time is called."""
        return "sessions" if self.daily else "bars"

    def when(self, session: int) -> str:
        """A session as ISO 8601, without the time of day where there is none."""
        return str(np.datetime_as_string(self.times[session], unit="D" if self.daily else "s"))


def take_sample(tables: Sequence[PriceTable], tickers: int, sessions: int) -> Sample:
    """The last `sessions` of at most `tickers` that have bars from their beginning on.

    Raises NoPrices.
    """
    dated = [table for table in tables if "time" in table.names]
    if not dated:
        raise NoPrices("the bars have no dates" if tables else "it holds no table of prices")
    frame = pl.concat([_plain(table) for table in dated], how="diagonal")
    frame = frame.filter(pl.col("ticker").is_not_null() & pl.col("time").is_not_null())
    whole = _size(frame)
    times = frame.select(pl.col("time").unique().sort()).collect(engine="streaming")["time"]
    if len(times) < 3:
        raise NoPrices(f"too few dates to cut the future off: {len(times)}")
    window = times.tail(sessions)
    inside = frame.filter(pl.col("time") >= window[0])
    begun_by = window[min(len(window) - 1, max(1, int(BEGUN_SHARE * len(window))))]
    lives = (
        inside.group_by("ticker")
        .agg(pl.len().alias("bars"), pl.col("time").min().alias("first"))
        .sort("ticker")
        .collect(engine="streaming")
    )
    early = lives.filter(pl.col("first") <= begun_by)
    chosen = _spread(early if len(early) else lives, tickers)
    bars = (
        inside.filter(pl.col("ticker").is_in(chosen))
        .collect(engine="streaming")
        .unique(["ticker", "time"], keep="first", maintain_order=True)
        .sort("ticker", "time")
    )
    return _sample(bars, whole)


def _plain(table: PriceTable) -> pl.LazyFrame:
    fields = [pl.col(field) for field in FIELDS if field in table.names]
    return table.frame.select("ticker", pl.col("time").cast(pl.Datetime("ns")), *fields)


def _size(frame: pl.LazyFrame) -> tuple[int, int, int]:
    counts = frame.select(
        pl.len().alias("rows"),
        pl.col("ticker").n_unique().alias("tickers"),
        pl.col("time").n_unique().alias("times"),
    ).collect(engine="streaming")
    return counts.row(0)


def _spread(lives: pl.DataFrame, most: int) -> list[str]:
    """Tickers with the longest lives; among equals, evenly over the alphabet."""
    whole = lives.filter(pl.col("bars") >= 0.9 * pl.col("bars").max())["ticker"]
    if len(whole) >= most:
        picked = np.linspace(0, len(whole) - 1, most).round().astype(int)
        return [str(whole[int(number)]) for number in picked]
    return lives.sort("bars", descending=True).head(most)["ticker"].to_list()


def _sample(bars: pl.DataFrame, whole: tuple[int, int, int]) -> Sample:
    stamps = bars["time"].to_numpy().astype("datetime64[ns]")
    times, time = np.unique(stamps, return_inverse=True)
    tickers, ticker = np.unique(bars["ticker"].to_numpy().astype(str), return_inverse=True)
    starts = np.full(len(tickers), len(times))
    np.minimum.at(starts, ticker, time)
    daily = bool(np.all(times == times.astype("datetime64[D]")))
    unit = "sessions" if daily else "bars in time"
    first, last = (str(np.datetime_as_string(times[n], unit="D")) for n in (0, -1))
    absent = [f for f in FIELDS if f != "adj_close" and f not in bars.columns]
    without = f"; they have no {', '.join(absent)}" if absent else ""
    return Sample(
        tickers=tickers,
        times=times,
        ticker=ticker,
        time=time,
        columns={
            field: bars[field].cast(pl.Float64).fill_null(float("nan")).to_numpy().copy()
            for field in FIELDS
            if field in bars.columns
        },
        begun=int(starts.max()),
        daily=daily,
        used=(
            f"used {len(tickers):,} of {whole[1]:,} tickers and {len(times):,} of {whole[2]:,} "
            f"{unit}, {first} to {last}: {len(time):,} of {whole[0]:,} bars{without}"
        ),
    )
