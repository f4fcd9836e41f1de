"""Files of one folder that hold one table are judged as one table."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import polars as pl
import pytest

from ml_debugger.artifacts import FeatureTable, PriceTable
from ml_debugger.workspace.one_table import in_one_table

DAY = date(2024, 1, 2)


def prices(path: str, **changed: object) -> PriceTable:
    stem = path.rsplit("/", 1)[-1].partition(".")[0]
    frame = pl.DataFrame({"ticker": [stem], "time": [DAY], "close": [1.0]})
    made = PriceTable(path, path, frame.lazy(), {"time": "Date", "close": "Close"}, 1)
    return replace(made, **changed)


def features(path: str) -> FeatureTable:
    frame = pl.DataFrame({"date": [DAY], "rsi": [50.0]})
    return FeatureTable(path, path, frame.lazy(), ("rsi",), (), None, "date", 1)


TICKERS = ("AAPL", "MSFT", "IBM", "BRK-B", "GE", "^GSPC")


@pytest.mark.parametrize(
    "names",
    [
        [f"d/{t}.csv" for t in TICKERS],
        [f"d/{t}_data.csv" for t in TICKERS],
        [f"d/stock_{t.lower()}_1d.csv" for t in TICKERS],
        [f"d/{n}.SZ.csv" for n in range(600000, 600006)],
    ],
)
def test_a_file_a_ticker_is_one_table(names: list[str]) -> None:
    (found,) = in_one_table([prices(name) for name in names])
    assert isinstance(found, PriceTable)
    assert found.rows == 6
    assert found.path == found.subject == "d/*." + names[0].partition(".")[2].replace("SZ.", "SZ.")
    assert sorted(found.files.values()) == sorted(names)
    assert set(found.frame.collect()["ticker"]) == set(found.files)


def test_numbered_parts_are_one_table_in_order() -> None:
    names = [f"d/part-{n:05}.parquet" for n in range(6)]
    (found,) = in_one_table([features(name) for name in names])
    assert isinstance(found, FeatureTable)
    assert found.rows == 6
    assert list(found.files.values()) == names


@pytest.mark.parametrize(
    "names",
    [
        [f"d/{w}.csv" for w in ("train", "test", "val", "holdout", "oos")],
        [f"d/prices_{w}.csv" for w in ("old", "new", "raw", "clean", "backup")],
        [f"d/btc_{w}.csv" for w in ("1m", "5m", "1h", "4h", "1d")],
        [f"d/fold_{n}.csv" for n in range(6)],
        [f"{t}/prices.csv" for t in TICKERS],
        [f"d/{t}.csv" for t in TICKERS[:4]],
    ],
)
def test_versions_parts_of_a_split_and_few_files_stay_apart(names: list[str]) -> None:
    tables = [prices(name) for name in names]
    assert in_one_table(tables) == tables


def test_a_file_that_is_odd_or_was_named_stays_its_own() -> None:
    tables = [prices(f"d/{t}.csv") for t in TICKERS]
    odd = prices("d/XOM.csv", problems={"close": "text"})
    other = prices("d/KO.csv", names={"time": "Date", "close": "Last"})
    found = in_one_table([*tables, odd, other])
    assert len(found) == 3
    assert odd in found
    assert other in found
    assert len(in_one_table(tables, [t.path for t in tables if t.path])) == 6
