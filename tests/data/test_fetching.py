import random
import re
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest

from ml_debugger.data.fetching import Retry, fetch_prices
from ml_debugger.data.market_source import Batch, Failure
from ml_debugger.errors import SourceError

START = date(2024, 1, 1)


class Vendor:
    """A source with daily bars of close 100, 101, ... that can be told to fail."""

    def __init__(self) -> None:
        self.asked: list[tuple[list[str], date, date]] = []
        self.failures: list[dict[str, Failure]] = []
        self.factor: dict[str, float] = {}
        self.dividends: dict[date, float] = {}

    def __call__(self, tickers: Sequence[str], start: date, end: date) -> Batch:
        self.asked.append((list(tickers), start, end))
        failures = self.failures.pop(0) if self.failures else {}
        failures = {t: f for t, f in failures.items() if t in tickers}
        bars = {t: self.bars(t, start, end) for t in tickers if t not in failures}
        return Batch(bars, failures)

    def bars(self, ticker: str, start: date, end: date) -> pl.DataFrame:
        days = pl.date_range(start, end - timedelta(days=1), "1d", eager=True)
        close = (days - START).dt.total_days() + 100.0
        close = close * self.factor.get(ticker, 1.0)
        dividends = [self.dividends.get(day, 0.0) for day in days]
        return pl.DataFrame(
            {"ticker": [ticker] * len(days), "date": days}
            | dict.fromkeys(("open", "high", "low", "close"), close)
            | {"volume": [1.0] * len(days), "dividend": dividends, "split": [0.0] * len(days)}
        )


@pytest.fixture
def vendor() -> Vendor:
    return Vendor()


@pytest.fixture
def waits() -> list[float]:
    return []


@pytest.fixture
def retry(waits: list[float]) -> Retry:
    return Retry(sleep=waits.append, draw=random.Random(3))


def days(count: int) -> date:
    return START + timedelta(days=count)


BUSY = Failure("Too Many Requests", transient=True)
GONE = Failure("possibly delisted", transient=False)


def test_tickers_go_out_in_batches(vendor: Vendor, retry: Retry, tmp_path: Path) -> None:
    fetched = fetch_prices(
        [f"T{n}" for n in range(5)],
        START,
        tmp_path,
        end=days(10),
        batch_size=2,
        retry=retry,
        download=vendor,
    )
    assert [len(tickers) for tickers, _, _ in vendor.asked] == [2, 2, 1]
    assert len(fetched.prices) == 50
    assert fetched.failures == {}


def test_only_failed_tickers_are_asked_again_after_growing_waits(
    vendor: Vendor, retry: Retry, waits: list[float], tmp_path: Path
) -> None:
    vendor.failures = [{"A": BUSY}, {"A": BUSY}, {"A": BUSY}]
    fetched = fetch_prices(["A", "B"], START, tmp_path, end=days(5), retry=retry, download=vendor)
    assert [tickers for tickers, _, _ in vendor.asked] == [["A", "B"], ["A"], ["A"], ["A"]]
    assert fetched.failures == {}
    assert len(waits) == 3
    assert all(0 <= wait <= 2 * 2**n for n, wait in enumerate(waits))


def test_a_delisted_ticker_is_not_asked_again(
    vendor: Vendor, retry: Retry, waits: list[float], tmp_path: Path
) -> None:
    vendor.failures = [{"A": GONE}]
    fetched = fetch_prices(["A", "B"], START, tmp_path, end=days(5), retry=retry, download=vendor)
    assert fetched.failures == {"A": "possibly delisted"}
    assert fetched.prices["ticker"].unique().to_list() == ["B"]
    assert waits == []


def test_a_second_fetch_asks_for_new_bars_only(
    vendor: Vendor, retry: Retry, tmp_path: Path
) -> None:
    fetch_prices(["A"], START, tmp_path, end=days(30), retry=retry, download=vendor)
    fetched = fetch_prices(["A"], START, tmp_path, end=days(40), retry=retry, download=vendor)
    assert vendor.asked[1][1] == days(25)
    assert fetched.prices["close"].to_list() == [100.0 + n for n in range(40)]


def test_an_earlier_start_fetches_everything(vendor: Vendor, retry: Retry, tmp_path: Path) -> None:
    fetch_prices(["A"], days(10), tmp_path, end=days(30), retry=retry, download=vendor)
    fetched = fetch_prices(["A"], START, tmp_path, end=days(30), retry=retry, download=vendor)
    assert vendor.asked[1][1] == START
    assert len(fetched.prices) == 30


def test_a_dividend_fetches_the_whole_history_again(
    vendor: Vendor, retry: Retry, tmp_path: Path
) -> None:
    fetch_prices(["A", "B"], START, tmp_path, end=days(30), retry=retry, download=vendor)
    vendor.dividends[days(33)] = 0.5
    vendor.factor = {"A": 0.99, "B": 0.99}
    fetched = fetch_prices(["A", "B"], START, tmp_path, end=days(40), retry=retry, download=vendor)
    assert vendor.asked[-1][:2] == (["A", "B"], START)
    assert fetched.prices["close"][0] == pytest.approx(99.0)


def test_a_changed_overlap_fetches_the_whole_history_again(
    vendor: Vendor, retry: Retry, tmp_path: Path
) -> None:
    fetch_prices(["A"], START, tmp_path, end=days(30), retry=retry, download=vendor)
    vendor.factor = {"A": 0.5}
    fetched = fetch_prices(["A"], START, tmp_path, end=days(31), retry=retry, download=vendor)
    assert fetched.prices["close"][0] == pytest.approx(50.0)


def test_a_failed_refetch_never_joins_unlike_bars(
    vendor: Vendor, retry: Retry, tmp_path: Path
) -> None:
    fetch_prices(["A", "B"], START, tmp_path, end=days(30), retry=retry, download=vendor)
    vendor.factor = {"A": 0.5}
    vendor.failures = [{}, {"A": GONE}]
    fetched = fetch_prices(["A", "B"], START, tmp_path, end=days(31), retry=retry, download=vendor)
    assert fetched.prices["ticker"].unique().to_list() == ["B"]
    assert "A" in fetched.failures


def test_cached_bars_serve_when_the_source_is_down(
    vendor: Vendor, retry: Retry, tmp_path: Path
) -> None:
    fetch_prices(["A"], START, tmp_path, end=days(30), retry=retry, download=vendor)
    vendor.failures = [{"A": BUSY}] * 5
    fetched = fetch_prices(["A"], START, tmp_path, end=days(40), retry=retry, download=vendor)
    assert len(fetched.prices) == 30
    assert fetched.failures == {"A": "Too Many Requests"}


def test_offline_without_a_cache_is_one_clear_error(
    vendor: Vendor, retry: Retry, tmp_path: Path
) -> None:
    offline = {"A": Failure("Could not resolve host", transient=False)}
    vendor.failures = [offline]
    message = re.escape("Yahoo Finance gave nothing for 1 tickers (A: Could not resolve host)")
    with pytest.raises(SourceError, match=message):
        fetch_prices(["A"], START, tmp_path, end=days(5), retry=retry, download=vendor)


def test_a_broken_cache_file_is_fetched_again(vendor: Vendor, retry: Retry, tmp_path: Path) -> None:
    fetch_prices(["A"], START, tmp_path, end=days(30), retry=retry, download=vendor)
    next(tmp_path.glob("*.parquet")).write_bytes(b"half")
    fetched = fetch_prices(["A"], START, tmp_path, end=days(30), retry=retry, download=vendor)
    assert len(fetched.prices) == 30


def test_odd_tickers_stay_inside_the_cache_folder(
    vendor: Vendor, retry: Retry, tmp_path: Path
) -> None:
    odd = ["../A", "^GSPC", "BRK/B", "brk/b"]
    fetch_prices(odd, START, tmp_path / "c", end=days(5), retry=retry, download=vendor)
    assert len(list((tmp_path / "c").glob("*.parquet"))) == 4
    assert [p.name for p in tmp_path.iterdir()] == ["c"]
