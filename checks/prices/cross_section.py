"""Sessions that many tickers tell together, and the runs of them that a ticker lacks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from checks.prices.gap import Found, Gap

if TYPE_CHECKING:
    import numpy as np
    import polars as pl

CROSS_SECTION = 5
"""Tickers from which on a cross-section tells sessions from closed days."""
SESSION = 0.6
"""Share of living tickers that trade on a session."""
CLOSURE = 0.15
"""Share of living tickers that are absent together where their exchange was closed."""
LONGEST_CLOSURE = 8
"""Weekdays: the Chinese New Year and the October holidays close Shanghai for five to eight."""


def sessions_of(days: pl.DataFrame) -> pl.DataFrame:
    """Days on which most living tickers trade: `day`, tickers `living` and `trading`, ascending.

    `days` has `id` and `day`, one row a ticker and day, in this order.
    """
    import numpy as np
    import polars as pl

    day = days["day"].to_physical().to_numpy()
    first = int(day.min())
    trading = np.bincount(day - first)
    turns = _turns(days)
    starts = np.bincount(day[turns] - first, minlength=len(trading))
    ends = np.bincount(day[np.append(turns[1:], len(day)) - 1] - first, minlength=len(trading))
    living = np.cumsum(starts) - np.cumsum(ends) + ends
    kept = np.flatnonzero((trading > 0) & (trading >= SESSION * living))
    return pl.DataFrame(
        {
            "day": pl.Series(kept + first, dtype=pl.Int32).cast(pl.Date),
            "living": living[kept],
            "trading": trading[kept],
        }
    )


def missing_sessions(days: pl.DataFrame, sessions: pl.DataFrame) -> Found:
    """The runs of sessions inside a ticker's life on which it has no bar.

    Left out are closures that a group of tickers shares, and the short gaps of thin trading.
    """
    import numpy as np
    import polars as pl

    day = days["day"].to_physical().to_numpy()
    open_days = sessions["day"].to_physical().to_numpy()
    first = int(day.min())
    number = np.full(int(day.max()) - first + 1, -1)
    number[open_days - first] = np.arange(len(open_days))
    at = number[day - first]
    row = np.flatnonzero(at >= 0)
    at, ticker = at[row], days["id"].to_numpy()[row]
    if not len(at):
        return Found((), 0)
    turns = np.flatnonzero(np.diff(ticker, prepend=-1))
    life = at[np.append(turns[1:], len(at)) - 1] - at[turns] + 1
    late = np.flatnonzero((np.diff(at) > 1) & (np.diff(ticker) == 0))
    start, end = at[late] + 1, at[late + 1] - 1
    # how many tickers lack each session
    absent = np.bincount(start, minlength=len(open_days) + 1)
    absent = np.cumsum(absent - np.bincount(end + 1, minlength=len(open_days) + 1))[:-1]
    together = (absent >= CLOSURE * sessions["living"].to_numpy()) & (absent >= 3)
    alone = np.concatenate(([0], np.cumsum(~together)))
    shared = alone[end + 1] == alone[start]
    runs = pl.DataFrame(
        {
            "ticker": days["ticker"].gather(row[late]),
            "start": sessions["day"].gather(start),
            "end": sessions["day"].gather(end),
            "length": end - start + 1,
            "expected": life[np.searchsorted(turns, late, side="right") - 1],
            "shared": shared,
        }
    )
    runs = runs.filter(~(pl.col("shared") & (pl.col("length") <= LONGEST_CLOSURE)))
    found = _without_thin_trading(runs).select("length", "ticker", "start", "end").rows()
    return Found(tuple(Gap(*run) for run in found), int(life.sum()))


def _turns(days: pl.DataFrame) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
    """The rows at which a ticker begins."""
    import numpy as np

    return np.flatnonzero(np.diff(days["id"].to_numpy().astype(np.int64), prepend=-1))


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
