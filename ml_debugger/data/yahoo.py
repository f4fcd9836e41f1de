"""Daily bars from Yahoo Finance through yfinance.

Yahoo's data is for personal use. Its limits are not published; HTTP 429 is raised by yfinance as
``YFRateLimitError`` at once, without a retry of its own.
"""

import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any

import numpy as np
import polars as pl

from ml_debugger.data.market_source import Batch, Failure
from ml_debugger.errors import MissingExtraError

SOURCE = "Yahoo Finance"

_PARALLEL_REQUESTS = 4
_FIELDS = {
    "open": "Open",
    "high": "High",
    "low": "Low",
    "close": "Close",
    "volume": "Volume",
    "dividend": "Dividends",
    "split": "Stock Splits",
}


def download_batch(tickers: Sequence[str], start: date, end: date) -> Batch:
    """Downloads adjusted daily bars of ``tickers`` from ``start`` to the day before ``end``.

    Raises ``MissingExtraError`` if yfinance is not installed; any other failure is returned.
    """
    try:
        import yfinance
    except ImportError as error:
        raise MissingExtraError(
            "fetching prices needs yfinance: pip install 'ml-debugger[fetch]'"
        ) from error
    logging.getLogger("yfinance").addHandler(logging.NullHandler())
    # Otherwise yfinance logs the reason and returns an empty table.
    yfinance.config.debug.hide_exceptions = False

    def one(ticker: str) -> pl.DataFrame | Failure:
        try:
            history = yfinance.Ticker(ticker).history(
                start=start.isoformat(), end=end.isoformat(), auto_adjust=True, actions=True
            )
        except Exception as error:  # noqa: BLE001 - the network's errors have no common base
            return _failure(error)
        return _bars(ticker, history)

    batch = Batch()
    with ThreadPoolExecutor(_PARALLEL_REQUESTS) as pool:
        for ticker, answer in zip(tickers, pool.map(one, tickers), strict=True):
            if isinstance(answer, Failure):
                batch.failures[ticker] = answer
            else:
                batch.bars[ticker] = answer
    return batch


def _failure(error: Exception) -> Failure:
    from yfinance.exceptions import YFRateLimitError, YFTickerMissingError

    reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    network = type(error).__module__.partition(".")[0] in ("curl_cffi", "requests", "urllib3")
    transient = network or isinstance(error, YFRateLimitError | OSError)
    # A host name that does not resolve means no network here: waiting would only delay the answer.
    hopeless = isinstance(error, YFTickerMissingError) or type(error).__name__ == "DNSError"
    return Failure(reason, transient and not hopeless)


def _bars(ticker: str, history: Any) -> pl.DataFrame:
    """Turns yfinance's pandas table into the source's columns."""
    days = history.index.tz_localize(None).to_numpy().astype("datetime64[D]")
    columns = {
        name: history[source].to_numpy(dtype=np.float64)
        if source in history.columns
        else np.zeros(len(history))
        for name, source in _FIELDS.items()
    }
    return pl.DataFrame({"date": days, **columns}).select(
        pl.lit(ticker).alias("ticker"), pl.col("date").cast(pl.Date), *_FIELDS
    )
