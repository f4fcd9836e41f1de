"""One small market in the shapes and under the names that projects use: always the same bars."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from ml_debugger.artifacts import PriceTable
from ml_debugger.readers.reader import Reading
from ml_debugger.readers.tables import read_dataset

Open = Callable[[Path], Reading]
FIELDS = ("open", "high", "low", "close", "volume")
NAMES = ("open", "high", "low", "close")


@pytest.fixture(scope="module")
def market() -> pl.DataFrame:
    """Three stocks over 90 weekdays of two years; the last one was listed later."""
    rng = np.random.default_rng(11)
    days = [date(2020, 11, 2) + timedelta(days=n) for n in range(126)]
    days = [day for day in days if day.weekday() < 5]
    parts = []
    for ticker, since in (("AAPL", 0), ("BRK.B", 0), ("MSFT", 40)):
        close = 100 * np.exp(np.cumsum(rng.normal(0, 0.01, len(days))))
        opening = close * (1 + rng.normal(0, 0.003, len(days)))
        frame = pl.DataFrame(
            {
                "ticker": [ticker] * len(days),
                "time": days,
                "open": opening,
                "high": np.maximum(opening, close) * 1.01,
                "low": np.minimum(opening, close) * 0.99,
                "close": close,
                "volume": rng.integers(100_000, 1_000_000, len(days)).astype(float),
            }
        )
        parts.append(frame[since:])
    return pl.concat(parts).with_columns(pl.col(NAMES).round(2))


def prices_in(reading: Reading) -> PriceTable:
    assert reading.problem is None
    (prices,) = (a for a in reading.artifacts if isinstance(a, PriceTable))
    return prices


def the_same(prices: PriceTable, wanted: pl.DataFrame) -> None:
    """Equal bars, whatever their order."""
    held = prices.bars
    assert prices.rows == held.height
    assert_frame_equal(held, wanted, check_row_order=False, check_column_order=False)


RENAMED: Mapping[str, tuple[str, str, str, str, str]] = {
    "plain": ("ticker", "date", "open", "high", "low close volume"),
    "capitals": ("Symbol", "Date", "Open", "High", "Low Close Volume"),
    "kaggle": ("Name", "date", "open", "high", "low close volume"),
    "refinitiv": ("ric", "Date", "OPEN", "HIGH", "LOW CLOSE VOLUME"),
    "tushare": ("ts_code", "trade_date", "open", "high", "low close vol"),
    "finrl": ("tic", "date", "open", "high", "low close volume"),
    "crsp": ("permno", "date", "open", "high", "low close volume"),
    "code": ("code", "t", "o", "h", "l c v"),
    "index": ("symbol", "__index_level_0__", "open", "high", "low close volume"),
    "lost index": ("symbol", "index", "open", "high", "low close volume"),
    "datetime": ("asset", "Datetime", "Open", "High", "Low Close Vol."),
    "timestamp": ("instrument", "timestamp", "open", "high", "low close turnover"),
    "time": ("stock_code", "time", "open_price", "high_price", "low_price close_price qty"),
}


def renamed(market: pl.DataFrame, shape: str) -> pl.DataFrame:
    names = " ".join(RENAMED[shape]).split()
    return market.rename(dict(zip(("ticker", "time", *FIELDS), names, strict=True)))


@pytest.mark.parametrize("suffix", ["parquet", "csv", "csv.gz", "feather"])
@pytest.mark.parametrize("shape", RENAMED)
def test_long_tables_under_many_names(
    shape: str, suffix: str, market: pl.DataFrame, tmp_path: Path, open_table: Open
) -> None:
    file = tmp_path / f"market.{suffix}"
    table = renamed(market, shape)
    match suffix:
        case "parquet":
            table.write_parquet(file)
        case "csv":
            table.write_csv(file)
        case "csv.gz":
            file.write_bytes(gzip.compress(table.write_csv().encode()))
        case _:
            table.write_ipc(file)
    the_same(prices_in(open_table(file)), market)


def wide(market: pl.DataFrame, name: Callable[[str, str], str]) -> pl.DataFrame:
    """Dates down, a column for each field and ticker."""
    parts = [
        market.filter(pl.col("ticker") == ticker).select(
            "time", *(pl.col(f).alias(name(f.capitalize(), ticker)) for f in FIELDS)
        )
        for ticker in market["ticker"].unique(maintain_order=True)
    ]
    table = parts[0]
    for part in parts[1:]:
        table = table.join(part, on="time", how="full", coalesce=True)
    return table.sort("time").rename({"time": "Date"})


@pytest.mark.parametrize(
    "name",
    [
        lambda field, ticker: f"('{field}', '{ticker}')",
        lambda field, ticker: f"('{ticker}', '{field}')",
        lambda field, ticker: f"{field}_{ticker}",
        lambda field, ticker: f"{ticker} {field}",
    ],
    ids=["tuples", "tuples by ticker", "underscores", "blanks"],
)
@pytest.mark.parametrize("suffix", ["parquet", "csv"])
def test_a_column_for_each_field_and_ticker(
    name: Callable[[str, str], str],
    suffix: str,
    market: pl.DataFrame,
    tmp_path: Path,
    open_table: Open,
) -> None:
    file = tmp_path / f"wide.{suffix}"
    table = wide(market, name)
    table.write_parquet(file) if suffix == "parquet" else table.write_csv(file)
    the_same(prices_in(open_table(file)), market)


def test_the_header_of_two_levels_that_yfinance_writes(
    market: pl.DataFrame, tmp_path: Path, open_table: Open
) -> None:
    table = wide(market, lambda field, ticker: f"{field} {ticker}")
    pairs = [name.split(" ") for name in table.columns[1:]]
    levels = [
        ["Price", *(field for field, _ in pairs)],
        ["Ticker", *(ticker for _, ticker in pairs)],
        ["Date", *("" for _ in pairs)],
    ]
    header = "".join(",".join(level) + "\n" for level in levels)
    file = tmp_path / "yfinance.csv"
    file.write_text(header + table.write_csv(include_header=False))
    the_same(prices_in(open_table(file)), market)


@pytest.mark.parametrize("suffix", ["parquet", "csv"])
def test_a_table_of_closes(
    suffix: str, market: pl.DataFrame, tmp_path: Path, open_table: Open
) -> None:
    table = market.pivot("ticker", index="time", values="close").sort("time")
    file = tmp_path / f"closes.{suffix}"
    table = table.rename({"time": "Date"})
    table.write_parquet(file) if suffix == "parquet" else table.write_csv(file)
    the_same(prices_in(open_table(file)), market.select("ticker", "time", "close"))


@pytest.mark.parametrize(
    "keys",
    [("ticker",), ("year",), ("ticker", "year"), ("year", "symbol"), ("year", "month", "ticker")],
    ids="/".join,
)
def test_partitioned_folders(keys: tuple[str, ...], market: pl.DataFrame, tmp_path: Path) -> None:
    table = market.rename({"time": "date"}).with_columns(
        year=pl.col("date").dt.year(), month=pl.col("date").dt.month().cast(pl.String).str.zfill(2)
    )
    table = table.rename({"ticker": "symbol"}) if "symbol" in keys else table
    kept = [c for c in table.columns if c not in (*keys, "year", "month")]
    for values, part in table.partition_by(list(keys), as_dict=True).items():
        named = zip(keys, values, strict=True)
        folder = tmp_path.joinpath(*(f"{key}={value}" for key, value in named))
        folder.mkdir(parents=True)
        part.select(kept).write_parquet(folder / "part-0.parquet")
    prices = prices_in(read_dataset(tmp_path, "market"))
    the_same(prices, market)
    assert not prices.empty
    assert not prices.differing


def test_one_ticker_without_a_column_of_tickers(
    market: pl.DataFrame, tmp_path: Path, open_table: Open
) -> None:
    one = market.filter(pl.col("ticker") == "AAPL")
    file = tmp_path / "AAPL.csv"
    one.drop("ticker").rename({"time": ""}).write_csv(file)
    the_same(prices_in(open_table(file)), one)


def test_shuffled_rows_are_the_same_bars(
    market: pl.DataFrame, tmp_path: Path, open_table: Open
) -> None:
    file = tmp_path / "market.parquet"
    market.rename({"time": "date"}).sample(fraction=1, shuffle=True, seed=3).write_parquet(file)
    the_same(prices_in(open_table(file)), market)
