"""Coverage counts sessions and days inside each ticker's life, by period."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl

from ml_debugger.data.coverage import MOST_PERIODS, coverage

WEEKDAYS = [day for n in range(365) if (day := date(2023, 1, 2) + timedelta(days=n)).weekday() < 5]


def rows(**days: list[date]) -> pl.LazyFrame:
    return pl.concat(
        [pl.DataFrame({"ticker": ticker, "date": own}) for ticker, own in days.items()]
    ).lazy()


def covered(frame: pl.LazyFrame) -> dict[str, tuple[int, int]]:
    found = coverage(frame, "ticker", "date")
    assert found["period"].n_unique() <= MOST_PERIODS
    sums = found.group_by("ticker").agg(pl.col("days", "sessions").sum())
    return {ticker: (days, sessions) for ticker, days, sessions in sums.rows()}


def test_a_whole_life_is_covered_whenever_it_begins_and_ends() -> None:
    late = WEEKDAYS[100:]
    early = WEEKDAYS[:50]
    found = covered(rows(A=WEEKDAYS, B=late, C=early, D=WEEKDAYS))
    n = len(WEEKDAYS)
    assert found == {"A": (n, n), "B": (n - 100, n - 100), "C": (50, 50), "D": (n, n)}


def test_a_hole_is_missing_and_a_period_without_any_row_is_there() -> None:
    holed = WEEKDAYS[:60] + WEEKDAYS[160:]
    found = coverage(rows(A=WEEKDAYS, B=holed, C=WEEKDAYS), "ticker", "date")
    own = found.filter(pl.col("ticker") == "B")
    assert own["sessions"].sum() - own["days"].sum() == 100
    assert (own["days"] == 0).any()


def test_a_coin_among_stocks_makes_no_weekend_a_session_for_them() -> None:
    every = [date(2023, 1, 2) + timedelta(days=n) for n in range(364)]
    found = covered(rows(A=WEEKDAYS, B=WEEKDAYS, BTC=every))
    assert found["A"][0] == found["A"][1]
    assert found["BTC"] == (364, 364)


def test_intraday_rows_count_once_a_day_and_a_table_without_tickers_is_one_line() -> None:
    times = pl.datetime_range(date(2023, 1, 2), date(2023, 1, 20), "1h", eager=True)
    found = coverage(pl.LazyFrame({"t": times}), None, "t")
    assert found["ticker"].unique().to_list() == ["all rows"]
    assert found["days"].sum() == found["sessions"].sum() == 19


def test_repeated_rows_never_cover_more_than_there_is_and_nothing_covers_nothing() -> None:
    assert covered(rows(A=WEEKDAYS + WEEKDAYS))["A"] == (len(WEEKDAYS), len(WEEKDAYS))
    empty = pl.LazyFrame(schema={"ticker": pl.String, "date": pl.Date})
    assert coverage(empty, "ticker", "date").is_empty()
