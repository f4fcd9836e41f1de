"""Checks of the values of bars: they fire on faults and leave genuine prices alone."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from checks.prices.non_positive_price import non_positive_price
from checks.prices.spike_and_revert import spike_and_revert
from checks.prices.stuck_feed import stuck_feed
from checks.prices.unit_error import unit_error
from checks.prices.unsorted_bars import unsorted_bars
from checks.prices.zero_as_missing import zero_as_missing
from checks.prices.zero_volume import zero_volume
from ml_debugger.artifacts import PriceTable
from ml_debugger.contract import Check, Measurement, NotMeasured, Status
from tests.checks.table_judging import measured, planted, prices_of, read, status, twin_market

CHECKS = (
    zero_as_missing,
    non_positive_price,
    unsorted_bars,
    stuck_feed,
    zero_volume,
    spike_and_revert,
    unit_error,
)
CANDLE = ("open", "high", "low", "close")
ROW = pl.int_range(pl.len())


def weekdays(count: int) -> list[date]:
    days = [date(2015, 1, 1) + timedelta(days=n) for n in range(2 * count)]
    return [day for day in days if day.weekday() < 5][:count]


def walk(n: int = 600, ticker: str = "A", seed: int = 1, first: float = 80.0) -> pl.DataFrame:
    """Daily bars of a liquid stock: each opens near the close before it."""
    rng = np.random.default_rng(seed)
    close = first * np.exp(np.cumsum(rng.normal(0, 0.012, n)))
    opening = np.concatenate(([first], close[:-1])) * np.exp(rng.normal(0, 0.004, n))
    high = np.maximum(opening, close) * np.exp(np.abs(rng.normal(0, 0.005, n)))
    low = np.minimum(opening, close) * np.exp(-np.abs(rng.normal(0, 0.005, n)))
    return pl.DataFrame(
        {
            "ticker": [ticker] * n,
            "time": weekdays(n),
            "open": opening.round(2),
            "high": high.round(2),
            "low": low.round(2),
            "close": close.round(2),
            "volume": np.round(2e6 * np.exp(0.3 * rng.standard_normal(n))),
        }
    )


def put(bars: pl.DataFrame, rows: pl.Expr, value: pl.Expr | float, *columns: str) -> pl.DataFrame:
    """The bars with a value, or a factor of the old one, in some rows of some columns."""
    return bars.with_columns(
        pl.when(rows)
        .then(value if isinstance(value, pl.Expr) else pl.lit(value))
        .otherwise(c)
        .alias(c)
        for c in columns
    )


def scale(bars: pl.DataFrame, rows: pl.Expr, factor: float, *columns: str) -> pl.DataFrame:
    return bars.with_columns(
        pl.when(rows).then(pl.col(c) * factor).otherwise(c).alias(c) for c in columns or CANDLE
    )


def values(check: Check, bars: pl.DataFrame) -> dict[str, float]:
    outcome = measured(check, prices_of(bars))
    assert isinstance(outcome, Measurement), outcome
    return dict(outcome.values)


def verdict(check: Check, bars: pl.DataFrame) -> Status:
    return status(check, prices_of(bars))


def panel(count: int, n: int = 400) -> pl.DataFrame:
    return pl.concat([walk(n, f"T{k:02d}", seed=k) for k in range(count)])


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return twin_market(tmp_path_factory.mktemp("market"))


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_silent_on_the_twin(check: Check, market: Path) -> None:
    assert status(check, read(market / "data/prices.parquet", PriceTable)) is Status.PASS


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_silent_on_other_markets(seed: int, tmp_path: Path) -> None:
    prices = read(twin_market(tmp_path, seed) / "data/prices.parquet", PriceTable)
    assert {check.name: status(check, prices) for check in CHECKS} == {
        check.name: Status.PASS for check in CHECKS
    }


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
@pytest.mark.parametrize("seed", [7, 8])
def test_its_planted_fault_is_named_by_it_alone(check: Check, seed: int, tmp_path: Path) -> None:
    twin_market(tmp_path)
    planted(tmp_path, check.name, seed)
    prices = read(tmp_path / "data/prices.parquet", PriceTable)
    raised = {c.name for c in CHECKS if status(c, prices) in (Status.WARN, Status.FAIL)}
    assert raised == {check.name}


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_its_rows_can_be_written(check: Check, tmp_path: Path) -> None:
    twin_market(tmp_path)
    planted(tmp_path, check.name, 7)
    outcome = measured(check, read(tmp_path / "data/prices.parquet", PriceTable))
    assert isinstance(outcome, Measurement)
    assert outcome.rows is not None
    rows = outcome.rows()
    assert rows.height == outcome.values[check.limits[0].name]
    assert {"ticker", "time", "detail"} <= set(rows.columns)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
@pytest.mark.parametrize("rows", [0, 1, 2])
def test_almost_empty_tables_raise_nothing(check: Check, rows: int) -> None:
    assert verdict(check, walk(30).head(rows)) in (Status.PASS, Status.SKIP)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_tables_of_nothing_but_null_raise_nothing(check: Check) -> None:
    empty = walk(30).with_columns(pl.lit(None, pl.Float64).alias(c) for c in (*CANDLE, "volume"))
    assert verdict(check, empty) in (Status.PASS, Status.SKIP)


# zeros


def test_zeros_before_a_listing_stand_for_missing_prices() -> None:
    bars = put(walk(), ROW < 40, 0.0, "close").select("ticker", "time", "close")
    both = pl.concat([bars, walk(ticker="B").select("ticker", "time", "close")])
    assert values(zero_as_missing, both) == {"zero_cells": 40, "zero_closes": 40}
    assert verdict(non_positive_price, both) is Status.PASS


def test_zeros_on_one_date_of_many_tickers_are_a_date_without_prices() -> None:
    bars = put(panel(6), pl.col("time") == weekdays(300)[250], 0.0, *CANDLE)
    assert verdict(zero_as_missing, bars) is Status.FAIL
    assert verdict(non_positive_price, bars) is Status.PASS


def test_scattered_zeros_are_a_habit_of_the_vendor() -> None:
    bars = put(walk(), ROW % 11 == 5, 0.0, "open")
    assert verdict(zero_as_missing, bars) is Status.WARN
    assert verdict(non_positive_price, bars) is Status.PASS


@pytest.mark.parametrize("column", CANDLE)
@pytest.mark.parametrize("price", [0.0, -1.0, -80.0])
def test_a_single_price_of_zero_or_below_is_wrong(column: str, price: float) -> None:
    bars = put(walk(), ROW == 300, price, column)
    assert values(non_positive_price, bars) == {"bad_prices": 1}
    assert verdict(zero_as_missing, bars) is Status.PASS


def test_adjusted_closes_below_zero_are_wrong_however_many() -> None:
    bars = walk().with_columns(
        adj_close=pl.col("close") * pl.when(ROW < 200).then(-0.4).otherwise(1)
    )
    assert values(non_positive_price, bars) == {"bad_prices": 200}


def series(close: np.ndarray, ticker: str = "S") -> pl.DataFrame:
    return pl.DataFrame(
        {"ticker": [ticker] * len(close), "time": weekdays(len(close)), "close": close}
    )


def yields() -> pl.DataFrame:
    """A short rate that falls to zero and a little below, and comes back."""
    rng = np.random.default_rng(4)
    path = np.concatenate([np.linspace(2, 0, 300), np.zeros(60), np.linspace(0, 1, 240)])
    return series((path + np.cumsum(rng.normal(0, 0.004, 600))).round(2))


def spread() -> pl.DataFrame:
    return series(np.cumsum(np.random.default_rng(2).normal(0, 0.4, 600)).round(2))


def returns() -> pl.DataFrame:
    return series(np.random.default_rng(3).normal(0, 0.01, 600).round(3))


def power() -> pl.DataFrame:
    """Hourly prices of electricity, which fall to zero and below on windy days."""
    hours = np.arange(2_000)
    noise = np.random.default_rng(7).standard_t(3, 2_000)
    return series((40 + 20 * np.sin(hours / 24 * 2 * np.pi) + 15 * noise).round(2))


def bills() -> pl.DataFrame:
    """Yields of bills at the zero bound, as open, high, low and close."""
    rng = np.random.default_rng(1)
    path = np.concatenate([np.linspace(5, 0.02, 500), 0.02 + 0.02 * rng.standard_normal(700)])
    bars = walk(1200)
    return bars.with_columns(pl.Series(c, path.clip(0).round(2)) for c in CANDLE)


@pytest.mark.parametrize(
    "make", [yields, spread, returns, power, bills], ids=lambda make: make.__name__
)
@pytest.mark.parametrize(
    "check", [zero_as_missing, non_positive_price, unit_error, spike_and_revert]
)
def test_series_that_may_be_zero_or_below_are_not_accused(check: Check, make: object) -> None:
    assert callable(make)
    assert verdict(check, make()) in (Status.PASS, Status.SKIP)


def test_crude_oil_of_april_2020_is_genuine() -> None:
    bars = walk(first=18.0)
    # settlement of the May contract on 2020-04-20 and the day after (CME)
    days = {300: (17.73, 17.85, -40.32, -37.63), 301: (-14.0, 13.86, -16.74, 10.01)}
    for row, candle in days.items():
        for column, price in zip(CANDLE, candle, strict=True):
            bars = put(bars, pl.lit(row) == ROW, price, column)
    assert verdict(non_positive_price, bars) is Status.PASS


# order


@pytest.mark.parametrize(
    "order",
    [
        lambda b: b.sort("time", "ticker"),
        lambda b: b.sort("ticker", "time", descending=[True, False]),
        lambda b: b.sort(pl.col("time").dt.year(), "ticker", "time"),
        lambda b: pl.concat(
            [b.filter(pl.col("ticker") < "T02").sort("time"), b.filter(pl.col("ticker") >= "T02")]
        ),
    ],
    ids=["by date", "tickers backwards", "by year and ticker", "two markets"],
)
def test_any_order_in_which_time_increases_is_in_order(order: object) -> None:
    assert callable(order)
    assert verdict(unsorted_bars, order(panel(4))) is Status.PASS


@pytest.mark.parametrize("by", [["time"], ["time", "ticker"], ["ticker", "time"]])
def test_a_file_that_runs_backwards_is_named_so(by: list[str]) -> None:
    outcome = measured(unsorted_bars, prices_of(panel(3).sort(by, descending=True)))
    assert isinstance(outcome, Measurement)
    assert "backwards" in outcome.title
    assert outcome.values["unsorted_share"] > 0.9


def test_one_bar_out_of_order_among_interleaved_tickers() -> None:
    bars = panel(3).sort("time", "ticker")
    moved = pl.concat([bars.head(600), bars.slice(601), bars.slice(600, 1)])
    assert values(unsorted_bars, moved)["unsorted_bars"] == 1


def test_the_hour_that_clocks_repeat_is_in_order() -> None:
    start = datetime(2021, 10, 31, 0, 0)
    wall = [start + timedelta(minutes=15 * n) for n in range(12)]
    again = [start + timedelta(hours=2, minutes=15 * n) for n in range(12)]
    bars = walk(24).with_columns(pl.Series("time", wall + again))
    assert verdict(unsorted_bars, bars) is Status.PASS


# stuck feeds


def test_closes_alone_show_a_stuck_feed() -> None:
    bars = walk().select("ticker", "time", "close")
    stuck = put(bars, ROW.is_between(300, 311), bars["close"][300], "close")
    assert values(stuck_feed, stuck)["stuck_bars"] == 11


def test_two_equal_candles_are_chance() -> None:
    bars = walk()
    for column in CANDLE:
        bars = put(bars, ROW == 301, bars[column][300], column)
    assert verdict(stuck_feed, bars) is Status.PASS


def illiquid() -> pl.DataFrame:
    """A stock that trades every third day at a coarse tick."""
    rng = np.random.default_rng(5)
    steps = np.where(rng.random(900) < 0.3, rng.choice([-0.05, 0.05], 900), 0.0)
    close = (3.0 + np.cumsum(steps)).clip(1)
    bars = walk(900)
    return bars.with_columns(pl.Series(c, close) for c in CANDLE)


def halted() -> pl.DataFrame:
    bars = walk()
    for column in CANDLE:
        bars = put(bars, ROW.is_between(200, 260), bars["close"][199], column)
    return put(bars, ROW.is_between(200, 260), 0.0, "volume")


def weekends_filled() -> pl.DataFrame:
    days = [date(2020, 1, 1) + timedelta(days=n) for n in range(900)]
    calendar = pl.DataFrame({"time": days})
    bars = walk(640).with_columns(time=pl.Series([d for d in days if d.weekday() < 5][:640]))
    return calendar.join(bars, on="time", how="left").fill_null(strategy="forward").drop_nulls()


def net_asset_values() -> pl.DataFrame:
    """A fund valued once a week."""
    close = walk(900)["close"].to_numpy()[np.arange(900) // 5 * 5]
    return walk(900).with_columns(pl.Series(c, close) for c in CANDLE).with_columns(volume=0.0)


def money_market() -> pl.DataFrame:
    return walk().with_columns(pl.lit(1.0).alias(c) for c in CANDLE)


def holidays_filled() -> pl.DataFrame:
    """A panel in which two weeks are filled forward for every ticker."""
    bars = panel(6)
    day = (pl.col("time").rank("dense") - 1).cast(pl.Int64)
    closed = bars.with_columns(
        pl.when(day.is_between(200, 210)).then(None).otherwise(c).alias(c) for c in CANDLE
    )
    return closed.with_columns(pl.col(*CANDLE).forward_fill().over("ticker"))


def nights_filled() -> pl.DataFrame:
    """Minutes of an exchange that is open for seven hours, filled forward around the clock."""
    start = datetime(2024, 1, 1, tzinfo=UTC)
    minute = np.arange(14_000)
    day = minute // 1440
    live = (minute // 60 % 24 >= 14) & (minute // 60 % 24 < 21) & (day % 7 < 5)
    moves = np.where(live, np.random.default_rng(8).normal(0, 0.0008, 14_000), 0.0)
    close = (90 * np.exp(np.cumsum(moves))).round(2)
    times = [start + timedelta(minutes=int(m)) for m in minute]
    return pl.DataFrame({"ticker": ["A"] * 14_000, "time": times, "close": close})


def peg() -> pl.DataFrame:
    """A currency that its bank holds still for years, and lets move in others."""
    free = np.arange(1500) // 300 % 2 == 1
    steps = np.where(free, np.random.default_rng(6).choice([0, 5, -5], 1500), 0)
    return series((3.75 + steps / 1e4).round(4))


@pytest.mark.parametrize(
    "make",
    [
        nights_filled,
        peg,
        illiquid,
        halted,
        weekends_filled,
        net_asset_values,
        money_market,
        holidays_filled,
    ],
    ids=lambda make: make.__name__,
)
def test_prices_that_stand_still_by_right(make: object) -> None:
    assert callable(make)
    assert verdict(stuck_feed, make()) in (Status.PASS, Status.SKIP)


# volume


def test_zero_volume_needs_a_moving_price() -> None:
    flat = walk()
    for column in CANDLE:
        flat = put(flat, ROW == 300, flat["close"][299], column)
    assert verdict(zero_volume, put(flat, ROW == 300, 0.0, "volume")) is Status.PASS


def test_negative_volume_fails() -> None:
    assert verdict(zero_volume, put(walk(), ROW == 300, -5.0, "volume")) is Status.FAIL


@pytest.mark.parametrize(
    "bars",
    [
        put(walk(ticker="^N225"), ROW % 7 == 3, 0.0, "volume"),
        put(walk(ticker="EURUSD"), ROW >= 0, 0.0, "volume"),
        put(walk(), ROW < 200, 0.0, "volume"),
        walk().drop("volume"),
    ],
    ids=["index", "currency", "early history", "no column"],
)
def test_vendors_without_volume_are_healthy(bars: pl.DataFrame) -> None:
    assert verdict(zero_volume, bars) in (Status.PASS, Status.SKIP)


def test_hours_outside_trading_have_no_volume() -> None:
    start = datetime(2024, 3, 4, 8, 0, tzinfo=UTC)
    times = [start + timedelta(days=d, hours=h) for d in range(30) for h in range(12)]
    bars = walk(360).with_columns(pl.Series("time", times))
    quiet = pl.col("time").dt.hour() < 11
    assert verdict(zero_volume, put(bars, quiet, 0.0, "volume")) is Status.PASS
    assert verdict(zero_volume, put(bars, ROW % 5 < 2, 0.0, "volume")) is Status.WARN


def test_quotes_of_an_illiquid_stock_move_without_volume() -> None:
    bars = illiquid().with_columns(volume=pl.when(ROW % 4 == 0).then(500.0).otherwise(0.0))
    assert verdict(zero_volume, bars) is Status.PASS


# spikes


@pytest.mark.parametrize("factor", [0.5, 0.8, 1.3, 2.0])
@pytest.mark.parametrize("columns", [CANDLE, ("close",), ("close", "high")], ids=str)
def test_a_wrong_price_of_one_bar(factor: float, columns: tuple[str, ...]) -> None:
    bars = scale(walk(), ROW == 300, factor, *columns)
    assert verdict(spike_and_revert, bars) in (Status.WARN, Status.FAIL)
    assert verdict(unit_error, bars) is Status.PASS


def test_a_wrong_close_without_range_and_volume() -> None:
    bars = scale(walk(), ROW == 300, 1.5, "close").select("ticker", "time", "close")
    assert verdict(spike_and_revert, bars) is Status.FAIL


def test_news_that_are_taken_back_trade_more() -> None:
    bars = scale(walk(), ROW == 300, 1.15, "close", "high")
    news = scale(bars, ROW == 300, 5.0, "volume")
    assert verdict(spike_and_revert, news) is Status.PASS


def test_a_market_that_crashes_and_recovers() -> None:
    day = weekdays(300)[250]
    assert verdict(spike_and_revert, scale(panel(8), pl.col("time") == day, 0.8)) is Status.PASS


def test_bounces_between_bid_and_ask() -> None:
    rng = np.random.default_rng(9)
    close = np.where(rng.random(800) < 0.08, 0.06, 0.05)
    bars = walk(800).with_columns(pl.Series(c, close) for c in CANDLE)
    assert verdict(spike_and_revert, bars) is Status.PASS


def test_closes_that_bounce_again_and_again() -> None:
    bounce = np.where(np.random.default_rng(3).random(1500) < 0.01, 1.08, 1.0)
    quiet = walk(1500)["close"].to_numpy()
    steady = 60 + (quiet - quiet.mean()) / 40
    assert verdict(spike_and_revert, series((steady * bounce).round(2))) is Status.PASS


# units


@pytest.mark.parametrize("factor", [0.001, 0.01, 0.1, 10.0, 100.0])
@pytest.mark.parametrize("stop", [301, 330])
def test_bars_in_another_unit(factor: float, stop: int) -> None:
    bars = scale(walk(), ROW.is_between(300, stop - 1), factor)
    assert values(unit_error, bars)["off_bars"] == stop - 300
    assert verdict(spike_and_revert, bars) is Status.PASS


@pytest.mark.parametrize("column", CANDLE)
def test_one_column_in_another_unit(column: str) -> None:
    bars = scale(walk(), ROW == 300, 100.0, column)
    assert values(unit_error, bars)["off_bars"] == 1
    assert verdict(unit_error, scale(walk(), ROW >= 0, 100.0, column)) is Status.FAIL


def test_pence_and_pounds_in_turn() -> None:
    assert values(unit_error, scale(walk(), ROW % 7 == 3, 0.01))["off_bars"] == 86


def test_a_lasting_step_by_a_hundred() -> None:
    assert values(unit_error, scale(walk(), ROW < 100, 0.01))["off_bars"] == 100


@pytest.mark.parametrize("ratio", [10.0, 100.0])
def test_a_split_scales_volume_and_is_no_error_of_unit(ratio: float) -> None:
    split = scale(scale(walk(), ROW < 300, ratio), ROW < 300, 1 / ratio, "volume")
    assert verdict(unit_error, split) is Status.PASS


def test_raw_closes_beside_adjusted_ones_may_jump() -> None:
    bars = walk().drop("volume").with_columns(adj_close=pl.col("close"))
    assert verdict(unit_error, scale(bars, ROW < 300, 100.0)) is Status.PASS


def test_prices_of_a_tick_jump_by_ten() -> None:
    close = np.where(np.random.default_rng(1).random(600) < 0.01, 0.001, 0.0001)
    bars = walk().with_columns(pl.Series(c, close) for c in CANDLE)
    assert verdict(unit_error, bars) is Status.PASS


def test_a_day_on_which_a_coin_grows_tenfold() -> None:
    bars = scale(walk(), ROW >= 300, 9.9, "close", "high")
    bars = scale(bars, ROW > 300, 9.9, "open", "low")
    assert verdict(unit_error, bars) is Status.PASS


def test_prices_without_closes_are_not_measured() -> None:
    frame = prices_of(walk().select("ticker", "time", "open", "high", "low"))
    for check in (stuck_feed, spike_and_revert, unit_error):
        assert isinstance(measured(check, frame), NotMeasured)


@pytest.mark.parametrize(("usual", "once", "spikes"), [(0.03, 0.04, 0), (1.0, 1.5, 1)])
def test_one_step_of_a_price_that_stands_still_is_no_spike(
    usual: float, once: float, spikes: int
) -> None:
    row = pl.int_range(pl.len())
    price = pl.when(row == 300).then(once).otherwise(usual)
    still = walk().with_columns(price.alias(c) for c in ("open", "high", "low", "close"))
    outcome = measured(spike_and_revert, prices_of(still))
    assert outcome.values["spikes"] == spikes


def test_an_outage_of_volume_in_hourly_bars_is_no_era() -> None:
    hours = [datetime(2022, 1, 1) + timedelta(hours=n) for n in range(6000)]
    rng = np.random.default_rng(3)
    close = 100 * np.exp(np.cumsum(rng.normal(0, 0.006, 6000)))
    coin = pl.DataFrame({"ticker": "BTC", "time": hours, "close": close, "volume": 500.0})
    row = pl.int_range(pl.len())
    outage = pl.when(row.is_between(2000, 2300)).then(0.0).otherwise("volume")
    assert measured(zero_volume, prices_of(coin)).values["moving_bars"] == 0
    held = measured(zero_volume, prices_of(coin.with_columns(outage.alias("volume"))))
    assert held.values["moving_bars"] >= 300
