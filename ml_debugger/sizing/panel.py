"""Long tables as matrices of dates x tickers."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from ml_debugger.errors import DataError

Matrix = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Panel:
    """Closing prices of all tickers on all dates of any of them."""

    dates: pl.Series
    """Ascending, distinct; T of them."""
    tickers: list[str]
    """Ascending, distinct; N of them."""
    closes: Matrix
    """T x N. A missing bar inside a ticker's life repeats the last close, so its return is 0 and
    the next bar's return spans the gap. NaN before the first bar, the last close after the last."""
    returns: Matrix
    """T x N arithmetic returns since the date before; 0 where there is none."""
    alive: npt.NDArray[np.bool_]
    """T x N: from the ticker's second bar to its last, the dates on which a return is earned."""

    def matrix(self, table: pl.DataFrame, column: str) -> Matrix:
        """Spreads a column of a long table over the panel; NaN where there is no row."""
        return _spread(table, column, self.dates, self.tickers)

    def values(self, matrix: Matrix, table: pl.DataFrame) -> Matrix:
        """Takes from a T x N matrix the value of each row of a long table."""
        return matrix.ravel()[_places(table, self.dates, self.tickers)]


def make_panel(prices: pl.DataFrame) -> Panel:
    """Builds the panel of a price table, which needs ``ticker``, ``date`` and ``close``.

    Raises ``DataError`` for a ticker with two bars of one date, and for a close that is not
    positive.
    """
    dates = prices["date"].unique().sort()
    tickers = prices["ticker"].unique().sort().to_list()
    raw = _spread(prices, "close", dates, tickers)
    if np.any(raw <= 0):
        row, column = (int(i[0]) for i in np.nonzero(raw <= 0))
        raise DataError(f"close of {tickers[column]} on {dates[row]} is not positive")
    closes = hold(raw)
    returns = np.zeros_like(closes)
    np.divide(closes[1:], closes[:-1], out=returns[1:])
    returns[1:] -= 1
    seen = np.isfinite(closes)
    alive = np.zeros(closes.shape, dtype=bool)
    still_to_come = np.flip(np.logical_or.accumulate(np.flip(np.isfinite(raw), 0)), 0)
    alive[1:] = seen[:-1] & still_to_come[1:]
    returns[~alive] = 0
    return Panel(dates, tickers, closes, returns, alive)


def hold(values: Matrix) -> Matrix:
    """Repeats the last finite value of each column over the NaN that follow it."""
    rows = np.where(np.isfinite(values), np.arange(len(values))[:, None], 0)
    np.maximum.accumulate(rows, axis=0, out=rows)
    return np.take_along_axis(values, rows, axis=0)


def _spread(table: pl.DataFrame, column: str, dates: pl.Series, tickers: list[str]) -> Matrix:
    places = _places(table, dates, tickers)
    size = len(dates) * len(tickers)
    if len(places) and np.bincount(places, minlength=size).max() > 1:
        raise DataError(f"'{column}': a ticker has two rows of one date; remove the duplicates")
    flat = np.full(size, np.nan)
    flat[places] = table[column].cast(pl.Float64).fill_null(float("nan")).to_numpy()
    return flat.reshape(len(dates), len(tickers))


def _places(table: pl.DataFrame, dates: pl.Series, tickers: list[str]) -> npt.NDArray[np.int64]:
    """Where each row of a long table lies in the flattened panel."""
    calendar = dates.to_physical().to_numpy()
    days = table["date"].cast(dates.dtype).to_physical().to_numpy()
    rows = np.searchsorted(calendar, days)
    names = table["ticker"].cast(pl.Enum(tickers), strict=False)
    known = calendar[np.minimum(rows, len(calendar) - 1)] == days
    if names.null_count() or not known.all():
        unknown = table.filter(names.is_null() | ~pl.Series(known))
        ticker, day = unknown.select("ticker", "date").row(0)
        raise DataError(f"there is no price of {ticker}, or of anything, on {day}")
    columns = names.to_physical().to_numpy()
    return np.asarray(rows * len(tickers) + columns, dtype=np.int64)
