"""Daily bars from the network, kept in a cache of one Parquet file per ticker."""

import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl

from ml_debugger.data.columns import PRICE_COLUMNS
from ml_debugger.data.market_source import Batch, Download, Failure
from ml_debugger.data.price_cache import PriceCache
from ml_debugger.data.progress import Progress, silent
from ml_debugger.data.yahoo import SOURCE, download_batch
from ml_debugger.errors import SourceError, UsageError

# Cached bars that are asked for again, to see whether they are still adjusted alike.
_OVERLAP = 5


@dataclass(frozen=True, slots=True)
class Retry:
    """How a failed batch is asked again.

    Waits are drawn evenly between 0 and min(longest, first * 2**attempt) seconds: exponential
    back-off with full jitter (M. Brooker, AWS Architecture Blog, 2015), which keeps many clients
    from returning at the same moment.
    """

    attempts: int = 5
    first_seconds: float = 2.0
    longest_seconds: float = 60.0
    sleep: Callable[[float], None] = time.sleep
    draw: random.Random = field(default_factory=random.Random)

    def wait(self, attempt: int) -> None:
        """Sleeps after failed attempt number ``attempt``, counted from 0."""
        longest = min(self.longest_seconds, self.first_seconds * 2**attempt)
        self.sleep(self.draw.uniform(0, longest))


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a fetch gave."""

    prices: pl.DataFrame
    """A price table; tickers that failed have their cached bars, if any."""
    failures: dict[str, str]
    """The reason by ticker, for those that could not be brought up to date."""


def fetch_prices(
    tickers: Sequence[str],
    start: date,
    cache: Path,
    *,
    end: date | None = None,
    batch_size: int = 50,
    retry: Retry | None = None,
    download: Download = download_batch,
    progress: Progress | None = None,
) -> Fetched:
    """Brings the cached bars of ``tickers`` up to date and returns them from ``start`` on.

    Only bars since the last few cached ones are asked for. Prices are adjusted, so a split or a
    dividend among the new bars, or a changed overlap, rewrites history: the whole history of that
    ticker is then fetched again. ``end`` is the day after the last, by default tomorrow (UTC).

    Raises ``SourceError`` when not one ticker could be read or found in the cache, and
    ``MissingExtraError`` without yfinance.
    """
    if not tickers:
        raise UsageError("no ticker was named")
    report, retry = progress or silent, retry or Retry()
    end = end or datetime.now(UTC).date() + timedelta(days=1)
    store = PriceCache(cache)
    known = {ticker: store.read(ticker, start) for ticker in dict.fromkeys(tickers)}
    starts = {
        ticker: start if bars is None else bars["date"][-min(_OVERLAP, len(bars))]
        for ticker, bars in known.items()
    }

    answer = _download(starts, end, batch_size, retry, download, report)
    rewritten = [
        ticker
        for ticker, bars in answer.bars.items()
        if (old := known[ticker]) is not None and store.history_changed(old, bars)
    ]
    if rewritten:
        again = _download(dict.fromkeys(rewritten, start), end, batch_size, retry, download, report)
        for ticker in rewritten:
            del answer.bars[ticker]
            # Old bars and new ones do not fit together, so neither may be used alone.
            known[ticker] = None
        answer.bars.update(again.bars)
        answer.failures.update(again.failures)
    for ticker, bars in answer.bars.items():
        known[ticker] = store.extend(ticker, known[ticker], bars, start)
    return _result(known, answer.failures, start, end)


def _result(
    known: Mapping[str, pl.DataFrame | None],
    failures: Mapping[str, Failure],
    start: date,
    end: date,
) -> Fetched:
    tables = [bars.select(PRICE_COLUMNS) for bars in known.values() if bars is not None]
    if not tables or not any(map(len, tables)):
        ticker, reason = next(((t, f.reason) for t, f in failures.items()), ("", "no bars"))
        raise SourceError(
            f"{SOURCE} gave nothing for {len(known)} tickers ({ticker}: {reason}): "
            "check the connection, or import a file with 'diagnostic data import'"
        )
    prices = pl.concat(tables).filter(pl.col("date").is_between(start, end, closed="left"))
    return Fetched(
        prices.sort("ticker", "date"), {ticker: f.reason for ticker, f in failures.items()}
    )


def _download(
    starts: Mapping[str, date],
    end: date,
    batch_size: int,
    retry: Retry,
    download: Download,
    report: Progress,
) -> Batch:
    result = Batch()
    for tickers, start in _batches(starts, batch_size):
        part = _with_retries(tickers, start, end, retry, download)
        result.bars.update({t: bars for t, bars in part.bars.items() if len(bars)})
        result.failures.update(part.failures)
        empty = [t for t, bars in part.bars.items() if not len(bars)]
        result.failures.update(
            {t: Failure(f"no bars from {start} to {end}", transient=False) for t in empty}
        )
        report("fetch", len(result.bars) + len(result.failures), len(starts))
    return result


def _batches(starts: Mapping[str, date], size: int) -> Iterator[tuple[list[str], date]]:
    for start in sorted(set(starts.values())):
        tickers = [ticker for ticker, first in starts.items() if first == start]
        for at in range(0, len(tickers), size):
            yield tickers[at : at + size], start


def _with_retries(
    tickers: list[str], start: date, end: date, retry: Retry, download: Download
) -> Batch:
    result = Batch()
    waiting = tickers
    for attempt in range(retry.attempts):
        part = download(waiting, start, end)
        result.bars.update(part.bars)
        result.failures.update(part.failures)
        waiting = [t for t, failure in part.failures.items() if failure.transient]
        for ticker in part.bars:
            result.failures.pop(ticker, None)
        if not waiting:
            break
        if attempt + 1 < retry.attempts:
            retry.wait(attempt)
    return result
