"""Checks of what bars belong to: their day and hour, their company, their zone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest

from checks.prices.calendar_gap import calendar_gap
from checks.prices.cloned_series import cloned_series
from checks.prices.off_calendar_bar import off_calendar_bar
from checks.prices.ticker_reuse import ticker_reuse
from checks.prices.timezone_mixed import timezone_mixed
from ml_debugger.artifacts import PriceTable
from ml_debugger.contract import Check, Measurement, NotMeasured, Status
from ml_debugger.data import nyse
from ml_debugger.data.exchanges import NEW_YORK, closures, early_closes
from tests.checks.table_judging import measured, planted, prices_of, read, status, twin_market

IDENTITY = (off_calendar_bar, cloned_series, ticker_reuse, timezone_mixed)
CANDLE = ("open", "high", "low", "close")
START, END = date(2018, 1, 2), date(2021, 12, 31)
AMERICAN = list(nyse.sessions(START, END))
EVERY_DAY = [START + timedelta(days=n) for n in range((END - START).days + 1)]
WEEKDAYS = [day for day in EVERY_DAY if day.weekday() < 5]


def walk(days: Sequence[date | datetime], ticker: str = "A", seed: int = 1) -> pl.DataFrame:
    """A random walk of bars on the given days."""
    rng = np.random.default_rng(seed)
    n = len(days)
    close = 80 * np.exp(np.cumsum(rng.normal(0, 0.015, n)))
    opening = close * np.exp(rng.normal(0, 0.005, n))
    return pl.DataFrame(
        {
            "ticker": [ticker] * n,
            "time": sorted(days),
            "open": opening,
            "high": np.maximum(opening, close) * np.exp(np.abs(rng.normal(0, 0.006, n))),
            "low": np.minimum(opening, close) * np.exp(-np.abs(rng.normal(0, 0.006, n))),
            "close": close,
            "volume": rng.integers(1_000_000, 9_000_000, n).astype(float),
        }
    )


def panel(days: Sequence[date | datetime] = AMERICAN, tickers: int = 6) -> pl.DataFrame:
    return pl.concat([walk(days, f"T{n}", n) for n in range(tickers)])


def values(check: Check, table: pl.DataFrame | PriceTable) -> dict[str, float]:
    prices = prices_of(table) if isinstance(table, pl.DataFrame) else table
    outcome = measured(check, prices)
    assert isinstance(outcome, Measurement), outcome
    if outcome.rows is not None:
        assert {"ticker", "time"} <= set(outcome.rows().columns)
    return dict(outcome.values)


def sessions_of(exchange: str, first: date = START, last: date = END) -> list[date]:
    known = closures(exchange, first, last)
    assert known is not None
    return [d for d in EVERY_DAY if d.weekday() < 5 and first <= d <= last and d not in known[2]]


@pytest.mark.parametrize("check", IDENTITY, ids=lambda check: check.name)
@pytest.mark.parametrize("seed", [7, 1, 2])
def test_silent_on_the_twin(check: Check, seed: int, tmp_path: Path) -> None:
    prices = read(twin_market(tmp_path, seed) / "data/prices.parquet", PriceTable)
    assert status(check, prices) is Status.PASS


@pytest.mark.parametrize("check", IDENTITY, ids=lambda check: check.name)
@pytest.mark.parametrize("seed", [7, 8])
def test_fires_on_its_planted_fault(check: Check, seed: int, tmp_path: Path) -> None:
    twin_market(tmp_path)
    planted(tmp_path, check.name, seed)
    prices = read(tmp_path / "data/prices.parquet", PriceTable)
    assert status(check, prices) in (Status.WARN, Status.FAIL)


# off-calendar-bar


def filled(table: pl.DataFrame, days: Sequence[date]) -> pl.DataFrame:
    """Reindexed to other days and filled forward."""
    index = pl.DataFrame({"time": days})
    return pl.concat(
        part.join(index, on="time", how="right", maintain_order="right")
        .with_columns(pl.all().forward_fill())
        .select(table.columns)
        for part in table.partition_by("ticker")
    )


@pytest.mark.parametrize("tickers", [1, 8])
@pytest.mark.parametrize(("days", "bars"), [(WEEKDAYS, 36), (EVERY_DAY, 452)])
def test_filled_holidays_and_weekends(tickers: int, days: list[date], bars: int) -> None:
    table = panel(tickers=tickers)
    assert values(off_calendar_bar, table)["off_calendar_bars"] == 0
    assert values(off_calendar_bar, filled(table, days))["off_calendar_bars"] == bars * tickers


def test_a_lone_ticker_that_lacks_most_closures_and_no_session_keeps_the_calendar() -> None:
    sessions = sessions_of("XNYS")
    shut = [day for day in WEEKDAYS if sessions[0] < day < sessions[-1] and day not in sessions]
    extra = shut[1::9]
    table = walk(sorted([*sessions, *extra]))
    assert values(off_calendar_bar, table)["off_calendar_bars"] == len(extra)


@pytest.mark.parametrize("tickers", [1, 8])
def test_traded_bars_on_closed_days(tickers: int) -> None:
    extra = walk([date(2019, 7, 4), date(2020, 5, 25), date(2020, 6, 6)], "T0", 99)
    table = pl.concat([panel(tickers=tickers), extra]).sort("ticker", "time")
    outcome = measured(off_calendar_bar, prices_of(table))
    assert isinstance(outcome, Measurement)
    assert outcome.rows is not None
    assert outcome.rows()["time"].cast(pl.Date).to_list() == extra["time"].to_list()


INDIA = [*sessions_of("XBOM"), date(2018, 11, 7), date(2019, 10, 27), date(2020, 2, 1)]
WORLD = ("XLON", "XETR", "XTKS", "XHKG", "XSHG", "XBOM", "XASX", "XTAI", "BVMF", "XSWX", "XTSE")
SUNDAY_TOO = [day for day in EVERY_DAY if day.weekday() != 5]
WINTER_SUNDAYS = [
    d for d in EVERY_DAY if d.weekday() < 5 or (d.weekday() == 6 and d.month in (11, 12, 1, 2))
]
WORLD_DAYS = pl.concat([walk(sessions_of(e), e, n) for n, e in enumerate(WORLD)])


@pytest.mark.parametrize(
    "table",
    [
        pytest.param(walk(INDIA), id="India's special sessions, alone"),
        pytest.param(panel(INDIA), id="India's special sessions, together"),
        pytest.param(pl.concat([panel(), walk(INDIA, "Z")]), id="one from India among Americans"),
        pytest.param(
            pl.concat([panel(), walk(sessions_of("XTSE"), "Z")]), id="a Canadian among Americans"
        ),
        pytest.param(WORLD_DAYS, id="indices of the world"),
        pytest.param(
            WORLD_DAYS.filter(pl.col("time").dt.year() == 2019), id="indices of the world, a year"
        ),
        pytest.param(pl.concat([panel(), walk(EVERY_DAY, "C-USD")]), id="a coin among stocks"),
        pytest.param(walk(SUNDAY_TOO).drop("volume"), id="a currency with Sundays"),
        pytest.param(walk(WINTER_SUNDAYS).drop("volume"), id="a currency, Sundays in winter"),
    ],
)
def test_other_calendars_are_none_of_it(table: pl.DataFrame) -> None:
    assert values(off_calendar_bar, table)["off_calendar_bars"] == 0


def test_a_stuck_session_of_all_tickers_is_a_session() -> None:
    cells = [*CANDLE, "volume"]
    stuck = panel().with_columns(
        pl.when(pl.col("time") == AMERICAN[400])
        .then(pl.col(cells).shift().over("ticker"))
        .otherwise(pl.col(cells))
    )
    assert values(off_calendar_bar, stuck)["off_calendar_bars"] == 0


def session(
    days: Sequence[date], zone: str, out: str, start: tuple[int, int] = (9, 30), bars: int = 26
) -> list[datetime]:
    """Stamps of quarter hours of a session that keeps its hours in `zone`, written in `out`."""
    first = [datetime(d.year, d.month, d.day, *start, tzinfo=ZoneInfo(zone)) for d in days]
    stamps = [begin + timedelta(minutes=15 * n) for begin in first for n in range(bars)]
    return [stamp.astimezone(ZoneInfo(out)).replace(tzinfo=None) for stamp in stamps]


YORK = "America/New_York"
FULL = session(AMERICAN[:500], YORK, YORK)
EARLY = early_closes(NEW_YORK, START, END)[0]
SHORT = [stamp for stamp in FULL if stamp.date() not in EARLY or stamp.hour < 13]


def test_bars_after_an_early_close() -> None:
    assert values(off_calendar_bar, walk(SHORT))["off_calendar_bars"] == 0
    assert values(off_calendar_bar, walk(FULL))["off_calendar_bars"] == 6 * 12
    among = pl.concat([panel(SHORT), walk(FULL, "Z")])
    assert values(off_calendar_bar, among)["off_calendar_bars"] > 0
    assert values(off_calendar_bar, panel(SHORT))["off_calendar_bars"] == 0


def test_bars_at_night_and_on_saturday() -> None:
    night = [datetime(2019, 3, day, 3) for day in (4, 5, 6, 7, 8, 11)]
    assert values(off_calendar_bar, walk([*SHORT, *night]))["off_calendar_bars"] == 6
    saturday = [datetime(2019, 3, 9, 9, 30) + timedelta(minutes=15 * n) for n in range(20)]
    assert values(off_calendar_bar, walk([*SHORT, *saturday]))["off_calendar_bars"] == 1


def test_hours_after_the_session_that_pass_midnight_in_utc() -> None:
    extended = session(AMERICAN[:300], YORK, "UTC", (4, 0), 64)
    assert values(off_calendar_bar, walk(extended))["off_calendar_bars"] == 0
    aware = walk(extended).with_columns(pl.col("time").dt.replace_time_zone("UTC"))
    assert values(off_calendar_bar, aware)["off_calendar_bars"] == 0


def test_what_has_no_sessions_is_not_judged() -> None:
    weekly = walk([date(2010, 1, 3) + timedelta(days=7 * n) for n in range(200)])
    assert isinstance(measured(off_calendar_bar, prices_of(weekly)), NotMeasured)
    undated = PriceTable(
        "x", None, frame=walk(AMERICAN).lazy(), names={"close": "close"}, rows=len(AMERICAN)
    )
    for check in (off_calendar_bar, ticker_reuse, timezone_mixed):
        assert isinstance(measured(check, undated), NotMeasured)


def test_tel_aviv_moves_its_week() -> None:
    days = [date(2023, 1, 1) + timedelta(days=n) for n in range(1400)]
    moved = date(2026, 1, 5)
    week = [d for d in days if d.isoweekday() in ((7, 1, 2, 3, 4) if d < moved else range(1, 6))]
    assert values(off_calendar_bar, walk(week))["off_calendar_bars"] == 0
    assert values(calendar_gap, walk(week))["missing"] == 0


# cloned-series


def copy_of(table: pl.DataFrame, factor: float = 1.0, own_volume: bool = False) -> pl.DataFrame:
    copy = table.with_columns(pl.lit("Z").alias("ticker"), (pl.col(*CANDLE) * factor).round(2))
    noise = np.random.default_rng(3).integers(1_000_000, 9_000_000, len(copy)).astype(float)
    return copy.with_columns(volume=pl.Series(noise)) if own_volume else copy


ROUNDED = panel().with_columns(pl.col(*CANDLE).round(2))
ONE = ROUNDED.filter(pl.col("ticker") == "T2")


@pytest.mark.parametrize(
    ("copy", "whole"),
    [
        pytest.param(copy_of(ONE), 1, id="equal"),
        pytest.param(copy_of(ONE, own_volume=True), 1, id="equal, other volumes"),
        pytest.param(copy_of(ONE, 1.7, own_volume=True), 1, id="a multiple"),
        pytest.param(copy_of(ONE).head(500), 1, id="renamed"),
        pytest.param(
            pl.concat([copy_of(ONE).head(300), walk(AMERICAN[300:], "Z", 9)]), 1, id="for a while"
        ),
        pytest.param(
            copy_of(ONE).with_columns(pl.col("time").shift(-3)).drop_nulls("time"), 1, id="late"
        ),
        pytest.param(
            copy_of(ONE).with_columns(pl.col("time").dt.offset_by("7d")), 1, id="a week late"
        ),
    ],
)
def test_clones_are_found(copy: pl.DataFrame, whole: int) -> None:
    found = values(cloned_series, pl.concat([ROUNDED, copy]))
    assert found == {"clones": 1, "whole_clones": whole}


def test_clones_of_closes_alone_warn() -> None:
    closes = pl.concat([ROUNDED, copy_of(ONE, 1.7)]).select("ticker", "time", "close")
    assert values(cloned_series, closes) == {"clones": 1, "whole_clones": 0}


def fund(name: str, price: float, fee: float, noise: float, seed: int) -> pl.DataFrame:
    """A fund on one index: its moves, less a fee, with the noise of its own closing price."""
    rng = np.random.default_rng(seed)
    moves = np.random.default_rng(42).standard_t(4, len(AMERICAN)) * 0.007
    close = price * np.exp(np.cumsum(moves - fee / 252) + rng.normal(0, noise, len(AMERICAN)))
    bars = walk(AMERICAN, name, seed)
    scale = pl.Series(close) / bars["close"]
    return bars.with_columns((pl.col(*CANDLE) * scale).round(2))


FUNDS = (
    ("SPY", 400.0, 0.0009, 1e-4),
    ("IVV", 401.0, 0.0003, 1e-4),
    ("SPLG", 30.0, 0.0002, 1e-4),
    ("CHEAP", 12.0, 0.0007, 1e-4),
    ("VFIAX", 300.0, 0.0004, 0.0),
    ("VFINX", 310.0, 0.0014, 0.0),
)


@pytest.mark.parametrize("columns", [list(CANDLE), ["close"]])
def test_funds_on_one_index_are_no_clones(columns: list[str]) -> None:
    funds = pl.concat([fund(*one, seed=n) for n, one in enumerate(FUNDS)])
    assert values(cloned_series, funds.select("ticker", "time", *columns))["clones"] == 0


def test_pegged_coins_are_no_clones() -> None:
    parts = []
    for n in range(4):
        near = np.round(1 + np.random.default_rng(n).normal(0, 1.5e-4, len(AMERICAN)), 4)
        parts.append(pl.DataFrame({"ticker": f"C{n}", "time": AMERICAN, "close": near}))
    assert values(cloned_series, pl.concat(parts))["clones"] == 0


def test_one_ticker_cannot_be_a_clone() -> None:
    assert isinstance(measured(cloned_series, prices_of(walk(AMERICAN))), NotMeasured)


# ticker-reuse


def company(
    days: Sequence[date], price: float, volatility: float, volume: float, seed: int
) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    moves = rng.standard_t(5, len(days)) * np.sqrt(3 / 5) * volatility
    return pl.DataFrame(
        {
            "ticker": "A",
            "time": days,
            "close": price * np.exp(np.cumsum(moves - moves.mean())),
            "volume": volume * np.exp(rng.normal(0, 0.5, len(days))),
        }
    )


@pytest.mark.parametrize(
    ("before", "after", "reused"),
    [
        pytest.param((12.0, 0.035, 2e5), (95.0, 0.012, 5e6), 1, id="another company"),
        pytest.param((80.0, 0.012, 2e6), (9.0, 0.035, 3e5), 1, id="a smaller one"),
        pytest.param((40.0, 0.02, 1e6), (48.0, 0.02, 1e6), 0, id="a hole in the file"),
        pytest.param((20.0, 0.025, 3e6), (8.0, 0.06, 9e6), 0, id="bad news"),
        pytest.param((40.0, 0.02, 1e6), (4.0, 0.02, 1e7), 0, id="a split in the hole"),
    ],
)
def test_what_comes_back_after_a_gap(
    before: tuple[float, float, float], after: tuple[float, float, float], reused: int
) -> None:
    parts = [company(AMERICAN[:400], *before, seed=1), company(AMERICAN[650:], *after, seed=2)]
    assert values(ticker_reuse, pl.concat(parts))["reused"] == reused


def test_a_hole_of_the_whole_file_and_thin_trading_are_no_reuse() -> None:
    one = pl.concat(
        [company(AMERICAN[:400], 12, 0.035, 2e5, 1), company(AMERICAN[650:], 95, 0.012, 5e6, 2)]
    )
    hole = pl.concat([one.with_columns(pl.lit(f"T{n}").alias("ticker")) for n in range(4)])
    assert values(ticker_reuse, hole)["reused"] == 0
    thin = one.filter(pl.int_range(pl.len()) % 110 < 30)
    assert values(ticker_reuse, thin)["reused"] == 0


# timezone-mixed


def at(days: Sequence[date], hour: int, zone: str) -> list[datetime]:
    """An hour of each day on the clock of a zone, written in UTC."""
    local = [datetime(d.year, d.month, d.day, hour, tzinfo=ZoneInfo(zone)) for d in days]
    return [stamp.astimezone(ZoneInfo("UTC")).replace(tzinfo=None) for stamp in local]


MIDNIGHTS = at(AMERICAN, 0, "UTC")


def shifted(days: Sequence[date], by: int) -> list[date]:
    return [day + timedelta(days=by) for day in days]


@pytest.mark.parametrize(
    ("days", "value"),
    [
        pytest.param(at(AMERICAN, 0, YORK), "off_midnight", id="New York's midnight in UTC"),
        pytest.param(at(sessions_of("XLON"), 0, "Europe/London"), "wrong_dates", id="London's"),
        pytest.param(at(sessions_of("XETR"), 0, "Europe/Berlin"), "wrong_dates", id="Berlin's"),
        pytest.param(at(sessions_of("XTKS"), 0, "Asia/Tokyo"), "wrong_dates", id="Tokyo's"),
        pytest.param(shifted(AMERICAN, -1), "wrong_dates", id="a day early"),
        pytest.param(shifted(AMERICAN, 1), "wrong_dates", id="a day late"),
        pytest.param(
            [*MIDNIGHTS[:500], *at(AMERICAN[500:], 0, YORK)], "mixed_bars", id="the later half"
        ),
        pytest.param(
            [t + timedelta(hours=0 if n % 250 else 5) for n, t in enumerate(MIDNIGHTS)],
            "mixed_bars",
            id="five bars",
        ),
        pytest.param(
            [*session(AMERICAN[:200], YORK, "UTC"), *session(AMERICAN[200:400], YORK, YORK)],
            "mixed_bars",
            id="first in UTC, then local",
        ),
        pytest.param(
            [*FULL[: 26 * 110], *(t + timedelta(hours=1) for t in FULL[26 * 110 : 26 * 150])],
            "mixed_bars",
            id="an hour in June",
        ),
    ],
)
def test_times_that_do_not_fit(days: list[date], value: str) -> None:
    found = values(timezone_mixed, walk(days))
    assert [name for name, bars in found.items() if bars] == [value]


SAUDI = [date(2021, 1, 3) + timedelta(days=n) for n in range(900)]
FX_OPENS = [d for d in EVERY_DAY if d.isoweekday() in (7, 1, 2, 3, 4)]


@pytest.mark.parametrize(
    "days",
    [
        pytest.param(AMERICAN, id="dates"),
        pytest.param(at(AMERICAN, 16, YORK), id="the close in UTC"),
        pytest.param(at(AMERICAN, 16, "UTC"), id="one hour"),
        pytest.param(at(FX_OPENS, 17, YORK), id="currencies open at 17:00 in New York"),
        pytest.param([d for d in SAUDI if d.isoweekday() in (7, 1, 2, 3, 4)], id="Sunday week"),
        pytest.param(at(EVERY_DAY, 0, "UTC"), id="coins"),
        pytest.param([*MIDNIGHTS[:-1], datetime(2021, 12, 31, 15, 43)], id="a running session"),
        pytest.param(
            [t.replace(hour=13) if t.date() in EARLY else t.replace(hour=16) for t in MIDNIGHTS],
            id="early closes",
        ),
        pytest.param(FULL, id="local hours"),
        pytest.param(session(AMERICAN[:400], YORK, "UTC"), id="New York in UTC"),
        pytest.param(session(AMERICAN[:400], "Europe/London", "UTC", (8, 0), 34), id="London"),
        pytest.param(session(AMERICAN[:400], "Asia/Tehran", "UTC", (9, 0), 14), id="other rules"),
        pytest.param(SHORT, id="early closes of sessions"),
    ],
)
def test_times_of_one_zone(days: list[date]) -> None:
    assert status(timezone_mixed, prices_of(walk(days))) is Status.PASS


def test_tickers_in_local_time_beside_tickers_in_utc() -> None:
    utc = panel(session(AMERICAN[:400], YORK, "UTC"), 3)
    london = walk(session(AMERICAN[:400], "Europe/London", "UTC", (8, 0), 34), "LON")
    assert values(timezone_mixed, pl.concat([utc, london]))["mixed_bars"] == 0
    local = walk(session(AMERICAN[:400], YORK, YORK), "LOC")
    assert values(timezone_mixed, pl.concat([utc, local]))["mixed_bars"] == local.height


def test_a_market_round_the_clock_shows_no_zone() -> None:
    hours = walk([datetime(2021, 1, 1) + timedelta(hours=n) for n in range(2000)])
    assert isinstance(measured(timezone_mixed, prices_of(hours)), NotMeasured)
    aware = hours.with_columns(pl.col("time").dt.replace_time_zone("UTC"))
    assert status(timezone_mixed, prices_of(aware)) is Status.PASS


NY = [datetime(d.year, d.month, d.day, tzinfo=ZoneInfo(YORK)) for d in AMERICAN[:300]]
UTC = ZoneInfo("UTC")


@pytest.mark.parametrize(
    ("stamps", "value"),
    [
        pytest.param([str(t) for t in NY], None, id="summer time"),
        pytest.param([str(t.replace(tzinfo=UTC)) for t in NY], None, id="UTC"),
        pytest.param([str(t.astimezone(UTC)) for t in NY], "off_midnight", id="converted"),
        pytest.param(
            [str(t if n < 200 else t.replace(tzinfo=None)) for n, t in enumerate(NY)],
            "mixed_bars",
            id="some without",
        ),
        pytest.param(
            [str(t if n < 200 else t.replace(tzinfo=UTC)) for n, t in enumerate(NY)],
            "mixed_bars",
            id="two zones",
        ),
    ],
)
def test_offsets_in_the_text(stamps: list[str], value: str | None, tmp_path: Path) -> None:
    bars = walk(AMERICAN[:300]).with_columns(time=pl.Series(stamps)).drop("ticker")
    bars.rename({"time": "Date"}).write_csv(tmp_path / "A.csv")
    found = values(timezone_mixed, read(tmp_path / "A.csv", PriceTable))
    assert [name for name, bars_ in found.items() if bars_] == ([value] if value else [])
