"""`data validate` and `--rows`: the picture of a data set and the rows that findings are about."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

DAYS = [day for n in range(400) if (day := date(2023, 1, 2) + timedelta(days=n)).weekday() < 5]


@pytest.fixture
def prices(tmp_path: Path) -> Path:
    """Six tickers; D lacks a month, and 30 bars of C equal the bar four sessions later."""
    rng = np.random.default_rng(3)
    parts = []
    for ticker in "ABCDEF":
        close = 50 * np.exp(np.cumsum(rng.normal(0, 0.02, len(DAYS))))
        bars = pl.DataFrame(
            {
                "ticker": ticker,
                "date": DAYS,
                "open": close * np.exp(rng.normal(0, 0.004, len(DAYS))),
                "close": close,
                "volume": rng.integers(1_000_000, 9_000_000, len(DAYS)),
            }
        ).with_columns(
            high=pl.max_horizontal("open", "close") * 1.006,
            low=pl.min_horizontal("open", "close") * 0.994,
        )
        if ticker == "C":
            columns = ("open", "high", "low", "close", "volume")
            hit = pl.int_range(pl.len()).is_between(100, 220) & (pl.int_range(pl.len()) % 4 == 0)
            bars = bars.with_columns(
                pl.when(hit).then(pl.col(c).shift(-9)).otherwise(c).alias(c) for c in columns
            )
        if ticker == "D":
            bars = bars.filter(~pl.col("date").is_between(date(2023, 6, 5), date(2023, 7, 7)))
        parts.append(bars)
    path = tmp_path / "prices.parquet"
    pl.concat(parts, how="diagonal").write_parquet(path)
    return path


def test_the_picture_puts_the_worst_ticker_first_within_80_columns(diagnostic, prices) -> None:
    ended = diagnostic("data", "validate", prices, TERM="dumb")
    assert ended.code == 1
    lines = ended.out.splitlines()
    # the path is as long as the machine makes it, so the line may be wrapped anywhere
    assert "6 tickers by month, worst first" in " ".join(" ".join(lines[:3]).split())
    worst, then = (next(n for n, x in enumerate(lines) if x.startswith(t)) for t in ("C ", "D "))
    assert then == worst + 1
    assert "!" in lines[worst]
    assert "future-bar-copy" in lines[worst]
    assert max(map(len, lines)) <= 80
    assert ended.out.isascii()


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_rows_name_ticker_date_fault_and_where_a_copy_came_from(
    diagnostic, prices, tmp_path, suffix
) -> None:
    target = tmp_path / f"rows.{suffix}"
    ended = diagnostic("inspect", prices, "--rows", target)
    assert "rows that findings are about" in ended.err
    read = pl.read_parquet if suffix == "parquet" else pl.read_csv
    rows = read(target, **({} if suffix == "parquet" else {"try_parse_dates": True}))
    copies = rows.filter(pl.col("fault") == "future-bar-copy")
    assert set(copies["ticker"]) == {"C"}
    assert copies.schema["date"] == pl.Date
    position = {day: n for n, day in enumerate(DAYS)}
    ahead = {
        position[later] - position[day]
        for day, later in copies.select("date", "copied_from").rows()
    }
    assert ahead == {9}
    gaps = rows.filter(pl.col("fault") == "calendar-gap")
    assert gaps["ticker"].to_list() == ["D"]
    assert gaps["date"].to_list() == [date(2023, 6, 5)]


def test_nothing_found_writes_a_file_with_its_columns_alone(diagnostic, prices, tmp_path) -> None:
    clean = tmp_path / "clean.parquet"
    pl.read_parquet(prices).filter(pl.col("ticker").is_in(["A", "B"])).write_parquet(clean)
    target = tmp_path / "rows.csv"
    diagnostic("check", "future-bar-copy", "--rows", target, cwd=tmp_path)
    first = target.read_text().splitlines()[0]
    assert first.startswith("ticker,date,fault,column,detail,copied_from")


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_rows_never_take_the_place_of_other_data(diagnostic, prices, tmp_path, suffix) -> None:
    target = tmp_path / f"other.{suffix}"
    table = pl.DataFrame({"ticker": ["A"], "date": [date(2023, 1, 2)], "close": [1.5]})
    (table.write_parquet if suffix == "parquet" else table.write_csv)(target)
    before = target.read_bytes()
    ended = diagnostic("inspect", prices, "--rows", target)
    assert (ended.code, len(ended.err.splitlines())) == (2, 1)
    assert "holds something else" in ended.err
    assert target.read_bytes() == before


def test_rows_of_an_earlier_run_are_replaced(diagnostic, prices, tmp_path) -> None:
    target = tmp_path / "rows.parquet"
    assert [diagnostic("inspect", prices, "--rows", target).code for _ in "ab"] == [1, 1]


def test_the_short_form_draws_and_writes_too(diagnostic, prices, tmp_path) -> None:
    target = tmp_path / "rows.csv"
    ended = diagnostic("--validate-data", "--rows", target, cwd=prices.parent)
    assert "6 tickers by" in ended.out
    assert target.is_file()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("data", "validate", "no/such"), "no/such: no such file or folder"),
        (("data", "validate", "--rows", "rows.xlsx"), "must end in .csv or .parquet"),
        (("check", "--rows", "/no/such/folder/rows.csv"), "/no/such/folder does not exist"),
        (("--rows", "rows.csv"), "No such option"),
    ],
)
def test_wrong_usage_is_one_line_and_code_2(diagnostic, arguments, said) -> None:
    ended = diagnostic(*arguments)
    assert ended.code == 2
    assert said in ended.err
    assert len(ended.err.splitlines()) == 1
