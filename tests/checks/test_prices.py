"""Checks of price tables: they fire on faults and leave genuine events alone."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from checks.prices.calendar_gap import calendar_gap
from checks.prices.duplicate_bar import duplicate_bar
from checks.prices.future_bar_copy import future_bar_copy
from checks.prices.missing_values import missing_values
from checks.prices.ohlc_inconsistent import ohlc_inconsistent
from checks.prices.stale_data import stale_data
from checks.prices.unadjusted_split import unadjusted_split
from ml_debugger.artifacts import Expectations, PriceTable
from ml_debugger.contract import Check, Measurement, NotMeasured, Status
from ml_debugger.data import nyse
from tests.checks.table_judging import measured, planted, prices_of, read, status, twin_market

BARS = (
    missing_values,
    ohlc_inconsistent,
    duplicate_bar,
    calendar_gap,
    unadjusted_split,
    future_bar_copy,
)


def values(check: Check, prices: PriceTable) -> dict[str, float]:
    outcome = measured(check, prices)
    assert isinstance(outcome, Measurement)
    return dict(outcome.values)


def walk(days: list[date] | list[datetime], ticker: str = "A", seed: int = 1) -> pl.DataFrame:
    """A random walk of bars on the given days."""
    rng = np.random.default_rng(seed)
    n = len(days)
    close = 80 * np.exp(np.cumsum(rng.normal(0, 0.015, n)))
    opening = close * np.exp(rng.normal(0, 0.005, n))
    return pl.DataFrame(
        {
            "ticker": [ticker] * n,
            "time": days,
            "open": opening,
            "high": np.maximum(opening, close) * np.exp(np.abs(rng.normal(0, 0.006, n))),
            "low": np.minimum(opening, close) * np.exp(-np.abs(rng.normal(0, 0.006, n))),
            "close": close,
            "volume": rng.integers(1_000_000, 9_000_000, n).astype(float),
        }
    )


def weekdays(start: date, count: int) -> list[date]:
    days = [start + timedelta(days=n) for n in range(2 * count)]
    return [day for day in days if day.weekday() < 5][:count]


AMERICAN = list(nyse.sessions(date(2018, 1, 2), date(2021, 12, 31)))


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return twin_market(tmp_path_factory.mktemp("market"))


@pytest.mark.parametrize("check", BARS, ids=lambda check: check.name)
def test_silent_on_the_twin(check: Check, market: Path) -> None:
    assert status(check, read(market / "data/prices.parquet", PriceTable)) is Status.PASS


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_silent_on_other_markets(seed: int, tmp_path: Path) -> None:
    prices = read(twin_market(tmp_path, seed) / "data/prices.parquet", PriceTable)
    assert {check.name: status(check, prices) for check in BARS} == {
        check.name: Status.PASS for check in BARS
    }


@pytest.mark.parametrize("check", BARS, ids=lambda check: check.name)
@pytest.mark.parametrize("seed", [7, 8])
def test_fires_on_its_planted_fault(check: Check, seed: int, tmp_path: Path) -> None:
    twin_market(tmp_path)
    planted(tmp_path, check.name, seed)
    found = status(check, read(tmp_path / "data/prices.parquet", PriceTable))
    assert found in (Status.WARN, Status.FAIL)


def test_empty_rows_outside_a_life_are_no_missing_values() -> None:
    bars = walk(AMERICAN[:100])
    empty = pl.int_range(pl.len()).is_between(30, 89).not_()
    cells = [c for c in bars.columns if c not in ("ticker", "time")]
    listed = bars.with_columns(
        pl.when(empty).then(None).otherwise(pl.col(c)).alias(c) for c in cells
    )
    assert status(missing_values, prices_of(listed)) is Status.PASS


def test_a_column_that_the_vendor_lacks_is_no_missing_value() -> None:
    index = walk(AMERICAN[:100], "INDEX").with_columns(volume=pl.lit(None, pl.Float64))
    both = pl.concat([index, walk(AMERICAN[:100], "STOCK")])
    assert status(missing_values, prices_of(both)) is Status.PASS


def test_one_missing_price_warns_and_many_fail() -> None:
    bars = walk(AMERICAN[:300])
    one = bars.with_columns(open=pl.when(pl.int_range(pl.len()) != 50).then("open"))
    assert status(missing_values, prices_of(one)) is Status.WARN
    many = bars.with_columns(close=pl.when(pl.int_range(pl.len()) % 20 != 5).then("close"))
    assert status(missing_values, prices_of(many)) is Status.FAIL


def test_nan_is_missing_too() -> None:
    bars = walk(AMERICAN[:50])
    nan = bars.with_columns(
        low=pl.when(pl.int_range(pl.len()) == 9).then(float("nan")).otherwise("low")
    )
    assert values(missing_values, prices_of(nan))["missing_bars"] == 1


def test_rounding_of_adjusted_prices_is_consistent() -> None:
    bars = walk(AMERICAN).with_columns(
        pl.col("open", "high", "low", "close").cast(pl.Float32).cast(pl.Float64)
    )
    equal = bars.with_columns(high=pl.max_horizontal("open", "close") * (1 - 1e-6))
    assert status(ohlc_inconsistent, prices_of(equal)) is Status.PASS


def test_zeros_for_missing_opens_are_not_inconsistent() -> None:
    assert (
        status(ohlc_inconsistent, prices_of(walk(AMERICAN).with_columns(open=0.0))) is Status.PASS
    )


def test_close_adjusted_alone_is_inconsistent() -> None:
    bars = walk(AMERICAN).with_columns(pl.col("close") * 0.8)
    assert status(ohlc_inconsistent, prices_of(bars)) is Status.FAIL


def test_closes_alone_have_no_range() -> None:
    outcome = measured(
        ohlc_inconsistent, prices_of(walk(AMERICAN).select("ticker", "time", "close"))
    )
    assert isinstance(outcome, NotMeasured)


def test_equal_duplicates_warn_and_conflicting_ones_fail() -> None:
    bars = walk(AMERICAN)
    twice = pl.concat([bars, bars.slice(200, 2)])
    assert status(duplicate_bar, prices_of(twice)) is Status.WARN
    revised = pl.concat([bars, bars.slice(200, 2).with_columns(pl.col("close") + 0.01)])
    assert status(duplicate_bar, prices_of(revised)) is Status.FAIL


def test_the_hour_that_clocks_repeat_is_no_duplicate() -> None:
    hours = [datetime(2023, 11, 4) + timedelta(hours=n) for n in range(48)]
    bars = walk(sorted([*hours, datetime(2023, 11, 5, 1)]))
    assert status(duplicate_bar, prices_of(bars)) is Status.PASS


@pytest.mark.parametrize(
    "days",
    [
        AMERICAN,
        weekdays(date(2019, 1, 1), 700),
        [date(2020, 1, 1) + timedelta(days=n) for n in range(500)],
        [date(2000, 1, 31) + timedelta(days=int(30.44 * n)) for n in range(120)],
        [date(2015, 1, 5) + timedelta(weeks=n) for n in range(200)],
    ],
    ids=["stock", "currency", "crypto", "monthly", "weekly"],
)
def test_calendars_without_gaps(days: list[date]) -> None:
    assert status(calendar_gap, prices_of(walk(days))) is Status.PASS


def test_one_lost_day_is_found_on_a_known_calendar() -> None:
    lost = [day for day in AMERICAN if day != date(2019, 5, 14)]
    outcome = measured(calendar_gap, prices_of(walk(lost)))
    assert isinstance(outcome, Measurement)
    assert outcome.values["missing"] == 1
    assert "2019-05-14" in str(outcome.evidence[0].where)


def test_a_lost_month_of_the_whole_market_fails() -> None:
    kept = [day for day in AMERICAN if (day.year, day.month) != (2020, 2)]
    table = pl.concat([walk(kept, f"T{n}", n) for n in range(8)])
    assert values(calendar_gap, prices_of(table))["longest_market_gap"] == 19
    assert status(calendar_gap, prices_of(table)) is Status.FAIL


def test_festivals_that_recur_are_holidays() -> None:
    days = [
        day
        for day in weekdays(date(2015, 1, 5), 1500)
        if not (day.month == 2 and 10 <= day.day <= 18) and not (day.month == 10 and day.day <= 7)
    ]
    assert status(calendar_gap, prices_of(walk(days))) is Status.PASS


def test_late_listings_and_delistings_are_no_gaps() -> None:
    parts = [walk(AMERICAN, f"T{n}", n) for n in range(6)]
    parts += [walk(AMERICAN[300:], "LATE", 7), walk(AMERICAN[:400], "GONE", 8)]
    assert status(calendar_gap, prices_of(pl.concat(parts))) is Status.PASS


def test_thin_trading_is_no_gap() -> None:
    rng = np.random.default_rng(2)
    thin = [day for day in AMERICAN if rng.random() < 0.7]
    parts = [walk(AMERICAN, f"T{n}", n) for n in range(6)]
    assert status(calendar_gap, prices_of(pl.concat([*parts, walk(thin, "THIN")]))) is Status.PASS


def test_two_exchanges_and_a_coin_have_their_own_sessions() -> None:
    other = [day for day in weekdays(date(2018, 1, 2), 1040) if day.day not in (11, 23)]
    daily = [date(2018, 1, 2) + timedelta(days=n) for n in range(1400)]
    parts = [walk(AMERICAN, f"US{n}", n) for n in range(6)]
    parts += [walk(other, f"{n}.HK", n) for n in range(6)]
    parts += [walk(daily, f"C{n}-USD", n) for n in range(6)]
    assert status(calendar_gap, prices_of(pl.concat(parts))) is Status.PASS


def intraday(minutes: int, lunch: bool) -> list[datetime]:
    stamps = []
    for day in weekdays(date(2024, 1, 2), 60):
        start = datetime(day.year, day.month, day.day, 9, 30)
        for step in range(0, 390, minutes):
            stamp = start + timedelta(minutes=step)
            if not (lunch and 120 <= step < 210):
                stamps.append(stamp)
    return stamps


@pytest.mark.parametrize("lunch", [False, True])
def test_nights_and_lunch_breaks_are_no_gaps(lunch: bool) -> None:
    assert status(calendar_gap, prices_of(walk(intraday(15, lunch)))) is Status.PASS


def test_holes_inside_the_day_are_gaps() -> None:
    stamps = intraday(15, lunch=False)
    holed = stamps[:500] + stamps[504:]
    assert values(calendar_gap, prices_of(walk(holed)))["missing"] == 4


def test_thin_minutes_before_the_opening_are_no_gaps() -> None:
    rng = np.random.default_rng(5)
    stamps = [
        datetime(day.year, day.month, day.day, 4) + timedelta(minutes=minute)
        for day in weekdays(date(2024, 1, 2), 25)
        for minute in range(720)
        if minute >= 330 or rng.random() < 0.7
    ]
    assert status(calendar_gap, prices_of(walk(stamps))) is Status.PASS
    dense = next(n for n, stamp in enumerate(stamps) if stamp.day == 9 and stamp.hour == 12)
    holed = stamps[:dense] + stamps[dense + 15 :]
    assert values(calendar_gap, prices_of(walk(holed)))["missing"] == 15


@pytest.mark.parametrize("traded", [0.995, 0.97, 0.93])
def test_minutes_without_a_trade_are_no_gaps(traded: float) -> None:
    rng = np.random.default_rng(6)
    stamps = [s for s in intraday(1, lunch=False) if rng.random() < traded]
    assert status(calendar_gap, prices_of(walk(stamps))) is Status.PASS
    day = next(n for n, stamp in enumerate(stamps) if n > 9000 and stamp.hour == 11)
    holed = stamps[:day] + stamps[day + 30 :]
    assert values(calendar_gap, prices_of(walk(holed)))["missing"] >= 30


def test_hours_of_a_coin_may_not_be_missing() -> None:
    hours = [datetime(2024, 1, 1) + timedelta(hours=n) for n in range(1000)]
    assert status(calendar_gap, prices_of(walk(hours))) is Status.PASS
    assert values(calendar_gap, prices_of(walk(hours[:500] + hours[512:])))["missing"] == 12


def test_a_crash_with_its_crowd_is_no_split(market: Path) -> None:
    prices = read(market / "data/prices.parquet", PriceTable)
    outcome = measured(unadjusted_split, prices)
    assert isinstance(outcome, Measurement)
    assert "1 large move" in outcome.title


@pytest.mark.parametrize("ratio", [2.0, 4.0, 10.0, 20.0, 0.1])
def test_splits_are_found(ratio: float) -> None:
    bars = walk(AMERICAN)
    before = pl.int_range(pl.len()) < 500
    factor = pl.when(before).then(ratio).otherwise(1.0)
    split = bars.with_columns(
        pl.col("open", "high", "low", "close") * factor, pl.col("volume") / factor
    )
    assert values(unadjusted_split, prices_of(split))["splits"] == 1
    adjusted = split.with_columns(adj_close=bars["close"])
    assert status(unadjusted_split, prices_of(adjusted)) is Status.PASS


@pytest.mark.parametrize("move", [0.52, -0.33, -0.5, 1.0])
def test_news_is_no_split(move: float) -> None:
    bars = walk(AMERICAN)
    row = pl.int_range(pl.len())
    factor = pl.when(row >= 500).then(1 + move).otherwise(1.0)
    crowd = pl.when(row == 500).then(9.0).when(row.is_between(501, 504)).then(3.0).otherwise(1.0)
    wide = pl.when(row == 500).then(1.08).otherwise(1.0)
    news = bars.with_columns(
        pl.col("open", "close") * factor,
        pl.col("high") * factor * wide,
        pl.col("low") * factor / wide,
        pl.col("volume") * crowd,
    )
    assert status(unadjusted_split, prices_of(news)) is Status.PASS


def test_wild_months_are_no_splits() -> None:
    rng = np.random.default_rng(4)
    months = [date(2010, 1, 31) + timedelta(days=int(30.44 * n)) for n in range(180)]
    close = 100 * np.exp(np.cumsum(rng.normal(0, 0.25, 180)))
    coin = pl.DataFrame({"ticker": "COIN", "time": months, "close": close})
    assert status(unadjusted_split, prices_of(coin)) is Status.PASS


def test_closes_alone_need_an_exact_ratio() -> None:
    closes = walk(AMERICAN).select("ticker", "time", "close")
    flat = closes["close"][499] / closes["close"][500]
    for ratio, wanted in ((1 / 3, Status.WARN), (1 / 2.14, Status.PASS)):
        factor = pl.when(pl.int_range(pl.len()) >= 500).then(flat * ratio).otherwise(1.0)
        jump = closes.with_columns(pl.col("close") * factor)
        assert status(unadjusted_split, prices_of(jump)) is wanted


def test_prices_on_both_sides_of_a_year_without_bars_are_no_split() -> None:
    row = pl.int_range(pl.len())
    factor = pl.when(row >= 500).then(0.25).otherwise(1.0)
    split = walk(AMERICAN).with_columns(pl.col("open", "high", "low", "close") * factor)
    assert status(unadjusted_split, prices_of(split)) is Status.FAIL
    later = pl.when(row >= 500).then(pl.col("time") + pl.duration(days=364)).otherwise("time")
    paused = split.with_columns(later.alias("time"))
    assert status(unadjusted_split, prices_of(paused)) is Status.PASS


def test_a_great_split_may_fall_on_a_busy_day() -> None:
    row = pl.int_range(pl.len())
    factor = pl.when(row >= 500).then(0.1).otherwise(1.0)
    wide = pl.when(row == 500).then(1.02).otherwise(1.0)
    split = walk(AMERICAN).with_columns(
        pl.col("open", "close") * factor,
        pl.col("high") * factor * wide,
        pl.col("low") * factor / wide,
        pl.col("volume") / factor,
    )
    assert status(unadjusted_split, prices_of(split)) is Status.FAIL


def test_a_leap_by_half_is_no_reverse_split() -> None:
    row = pl.int_range(pl.len())
    factor = pl.when(row >= 500).then(1.5).otherwise(1.0)
    leap = walk(AMERICAN).with_columns(pl.col("open", "high", "low", "close") * factor)
    assert status(unadjusted_split, prices_of(leap)) is Status.PASS


def test_what_has_no_shares_cannot_split() -> None:
    row = pl.int_range(pl.len())
    factor = pl.when(row >= 500).then(2.0).otherwise(1.0)
    for ticker, wanted in (("^VIX", Status.PASS), ("VIXY", Status.FAIL)):
        leap = walk(AMERICAN, ticker).with_columns(pl.col("open", "high", "low", "close") * factor)
        assert status(unadjusted_split, prices_of(leap)) is wanted


def test_a_tick_of_a_penny_stock_is_no_split() -> None:
    coarse = walk(AMERICAN)
    cents = pl.when(pl.int_range(pl.len()) < 500).then(0.02).otherwise(0.01)
    penny = coarse.with_columns(cents.alias(c) for c in ("open", "high", "low", "close"))
    assert status(unadjusted_split, prices_of(penny)) is Status.PASS


def test_a_market_crash_of_few_tickers_is_no_split() -> None:
    factor = pl.when(pl.int_range(pl.len()) >= 500).then(0.667).otherwise(1.0)
    price = pl.col("open", "high", "low", "close")
    table = pl.concat([walk(AMERICAN, f"T{n}", n).with_columns(price * factor) for n in range(6)])
    assert status(unadjusted_split, prices_of(table)) is Status.PASS


def test_bare_closes_that_grow_wild_after_a_crash_are_no_split() -> None:
    closes = walk(AMERICAN).select("ticker", "time", "close")
    flat = closes["close"][499] / closes["close"][500]
    row = pl.int_range(pl.len())
    wild = 1 + 0.06 * (-1.0) ** row
    factor = pl.when(row == 500).then(flat / 2).when(row > 500).then(flat / 2 * wild).otherwise(1.0)
    crash = closes.with_columns(pl.col("close") * factor)
    assert status(unadjusted_split, prices_of(crash)) is Status.PASS


def test_a_spike_that_reverts_is_no_split() -> None:
    row = pl.int_range(pl.len())
    factor = pl.when(row == 500).then(0.5).otherwise(1.0)
    spike = walk(AMERICAN).with_columns(pl.col("open", "high", "low", "close") * factor)
    assert status(unadjusted_split, prices_of(spike)) is Status.PASS


def test_a_stuck_feed_and_a_filled_holiday_are_no_future() -> None:
    table = pl.concat([walk(AMERICAN, f"T{n}", n) for n in range(8)])
    row = pl.int_range(pl.len()).over("ticker")
    cells = ["open", "high", "low", "close", "volume"]
    holiday = table.with_columns(
        pl.when(row == 400).then(pl.col(c).shift().over("ticker")).otherwise(c).alias(c)
        for c in cells
    )
    assert status(future_bar_copy, prices_of(holiday)) is Status.PASS
    one = pl.col("ticker") == "T3"
    stuck = table.with_columns(
        pl.when(one & (row == 400)).then(pl.col(c).shift().over("ticker")).otherwise(c).alias(c)
        for c in cells
    )
    assert status(future_bar_copy, prices_of(stuck)) is Status.PASS


def test_the_next_session_copied_back_is_found_in_a_cluster() -> None:
    table = pl.concat([walk(AMERICAN, f"T{n}", n) for n in range(20)])
    hit = (pl.int_range(pl.len()).over("ticker") == 400) & (pl.col("ticker") < "T15")
    copied = table.with_columns(
        pl.when(hit).then(pl.col(c).shift(-1).over("ticker")).otherwise(c).alias(c)
        for c in ("open", "high", "low", "close")
    )
    outcome = measured(future_bar_copy, prices_of(copied))
    assert isinstance(outcome, Measurement)
    assert outcome.values["copied_bars"] == 7
    assert f"bars of {AMERICAN[400]} equal bars of {AMERICAN[401]}" in str(
        outcome.evidence[0].where
    )


def test_chance_repeats_of_coarse_ticks_are_no_copies() -> None:
    parts = [walk(AMERICAN, f"T{n}", n) for n in range(10)]
    coarse = pl.concat(parts).with_columns(
        ((pl.col("open", "high", "low", "close") / 40).round(1)), (pl.col("volume") / 1e6).round()
    )
    assert status(future_bar_copy, prices_of(coarse)) is Status.PASS


def expecting(through: date | None) -> Expectations:
    return Expectations("workspace", None, today=date(2022, 1, 10), data_through=through)


@pytest.mark.parametrize(
    ("through", "wanted"),
    [
        (None, Status.SKIP),
        (date(2021, 12, 31), Status.PASS),
        (date(2022, 1, 3), Status.PASS),
        (date(2022, 1, 5), Status.WARN),
        (date(2022, 1, 10), Status.FAIL),
    ],
)
def test_stale_only_against_what_is_expected(through: date | None, wanted: Status) -> None:
    assert status(stale_data, prices_of(walk(AMERICAN)), expecting(through)) is wanted


def test_a_delisted_ticker_makes_no_table_stale() -> None:
    parts = [walk(AMERICAN, "A"), walk(AMERICAN, "B"), walk(AMERICAN[:300], "GONE")]
    table = prices_of(pl.concat(parts))
    assert status(stale_data, table, expecting(date(2021, 12, 31))) is Status.PASS


def test_planted_staleness(tmp_path: Path) -> None:
    twin_market(tmp_path)
    last = read(tmp_path / "data/prices.parquet", PriceTable).bars["time"].max()
    assert isinstance(last, date)
    planted(tmp_path, "stale-data")
    late = read(tmp_path / "data/prices.parquet", PriceTable)
    assert status(stale_data, late, expecting(last)) is Status.FAIL


@pytest.mark.parametrize("check", BARS, ids=lambda check: check.name)
@pytest.mark.parametrize("rows", [0, 1, 2])
def test_tiny_tables_raise_no_alarm(check: Check, rows: int) -> None:
    prices = prices_of(walk(AMERICAN[:30]).head(rows))
    assert status(check, prices) in (Status.PASS, Status.SKIP)


def test_the_published_closures_of_2024() -> None:
    assert [str(day) for day in sorted(nyse.closures(2024))] == [
        "2024-01-01",
        "2024-01-15",
        "2024-02-19",
        "2024-03-29",
        "2024-05-27",
        "2024-06-19",
        "2024-07-04",
        "2024-09-02",
        "2024-11-28",
        "2024-12-25",
    ]
    assert nyse.easter(2000) == date(2000, 4, 23)
    assert sum(1 for _ in nyse.sessions(date(2013, 2, 8), date(2018, 2, 7))) == 1259
