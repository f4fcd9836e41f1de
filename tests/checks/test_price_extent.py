"""Checks of what a price table covers: tickers, years, the delisted, columns."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from checks.features.feature_schema_drift import feature_schema_drift
from checks.prices.history_too_short import history_too_short
from checks.prices.missing_values import missing_values
from checks.prices.schema_mismatch import schema_mismatch
from checks.prices.survivorship import survivorship
from checks.prices.universe_incomplete import universe_incomplete
from ml_debugger.artifacts import (
    Artifact,
    Coverage,
    Expectations,
    FeatureTable,
    PriceTable,
    Workspace,
)
from ml_debugger.contract import Check, Measurement, NotMeasured, Settings, Status
from ml_debugger.readers.tables import read_dataset
from ml_debugger.runtime.scan import look
from ml_debugger.workspace import configuration
from ml_debugger.workspace.assembly import assemble
from tests.checks.table_judging import planted, prices_of, read

CHECKS = (universe_incomplete, history_too_short, survivorship, schema_mismatch)
TODAY = date(2026, 1, 5)


def outcome(check: Check, prices: PriceTable, *others: Artifact) -> Measurement | NotMeasured:
    """The outcome with the expectations and the workspace that are given, else with none."""
    given: list[Artifact | None] = [prices]
    for need in check.needs[1:]:
        found = [other for other in others if isinstance(other, need.kind)]
        empty = Expectations("none", None, today=TODAY) if not need.optional else None
        given.append(found[0] if found else empty)
    shared = look(prices, [check])[check.code]
    assert not isinstance(shared, Exception)
    settings = Settings({setting.name: setting.default for setting in check.settings})
    return check.run(given, settings, shared)


def judged(check: Check, prices: PriceTable, *others: Artifact) -> Status:
    """The status that the framework would give."""
    found = outcome(check, prices, *others)
    if isinstance(found, NotMeasured):
        return Status.SKIP
    levels = [x.judge(found.values[x.name]) for x in check.limits if x.name in found.values]
    return max(levels, key=lambda one: one.gravity)


def expect(**said: object) -> Expectations:
    return Expectations("configuration", None, today=TODAY, **said)  # type: ignore[arg-type]


def workspace(*covered: tuple[str, set[str], date, date], configured: bool = True) -> Workspace:
    tables = tuple(Coverage(p, frozenset(t), first, last, 500) for p, t, first, last in covered)
    return Workspace("workspace", None, (), configured, prices=tables)


def lives(spans: Sequence[tuple[str, date, date]], every: int = 7) -> PriceTable:
    """Closes of tickers from a first to a last day, every so many days."""
    parts = [
        pl.DataFrame({"ticker": t, "time": pl.date_range(first, last, f"{every}d", eager=True)})
        for t, first, last in spans
    ]
    frame = pl.concat(parts)
    close = 50 + np.random.default_rng(2).random(frame.height)
    return prices_of(frame.with_columns(close=pl.Series(close)))


def stocks(count: int, first: date, last: date, name: str = "S{}") -> list[tuple[str, date, date]]:
    return [(name.format(f"{n:03}"), first, last) for n in range(count)]


START, END = date(2010, 1, 4), date(2020, 1, 6)
HALF = date(2016, 5, 2)


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ({}, Status.SKIP),
        ({"universe": 10}, Status.PASS),
        ({"universe": 500}, Status.FAIL),
        ({"members": ("S000", "s001", "S009")}, Status.PASS),
        ({"members": tuple(f"S{n:03}" for n in range(11))}, Status.FAIL),
        ({"tickers": ("S000", "QQQ")}, Status.FAIL),
    ],
)
def test_the_universe_that_is_asked_for(said: dict[str, object], status: Status) -> None:
    assert judged(universe_incomplete, lives(stocks(10, START, END)), expect(**said)) is status


def test_missing_tickers_are_named_in_title_and_rows() -> None:
    prices = lives([("BRK-B", START, END), ("MSFT", START, END)])
    found = outcome(universe_incomplete, prices, expect(members=("BRK.B", "MSFT", "AAPL")))
    assert isinstance(found, Measurement)
    assert found.title == "2 of 3 tickers; missing AAPL"
    assert found.rows is not None
    assert found.rows().rows() == [("AAPL", None, "missing")]


def test_one_file_a_ticker_is_one_universe() -> None:
    aaa = ("data/AAA.csv", {"AAA"}, START, END)
    bbb = ("data/BBB_daily.csv", {"BBB_daily"}, START, END)
    stray = ("notes/sample.csv", {"XYZ"}, START, END)
    whole = workspace(aaa, bbb, stray)
    tables = {path: lives([(min(t), START, END)]) for path, t, _, _ in (aaa, bbb, stray)}
    asked = expect(members=("AAA", "BBB", "CCC"))
    said = {}
    for path, table in tables.items():
        named = PriceTable(path, path, frame=table.frame, names=table.names, rows=table.rows)
        said[path] = judged(universe_incomplete, named, asked, whole)
    assert list(said.values()) == [Status.FAIL, Status.SKIP, Status.SKIP]


def test_tickers_that_end_together_are_a_lost_download() -> None:
    lost = stocks(40, START, HALF, "L{}") + stocks(60, START, END)
    found = outcome(universe_incomplete, lives(lost))
    assert isinstance(found, Measurement)
    assert found.values["lost_share"] == pytest.approx(0.4)
    assert "40 of 100 tickers end on 2016-05" in found.title


@pytest.mark.parametrize(
    "spans",
    [
        stocks(100, START, END),
        stocks(50, START, END) + stocks(50, START, date(2019, 12, 30), "B{}"),
        [(f"S{n}", START, END - timedelta(days=30 * n)) for n in range(100)],
        # contracts that expire a quarter at a time
        [(f"F{n}", START, START + timedelta(days=91 * (n // 10 + 1))) for n in range(300)],
        # one stray bar of one ticker lies far in the future
        [*stocks(99, START, HALF), ("Z", START, END)],
    ],
    ids=["none", "a week late", "in turn", "contracts", "one stray"],
)
def test_ends_that_are_no_loss(spans: list[tuple[str, date, date]]) -> None:
    assert judged(universe_incomplete, lives(spans)) is Status.PASS


def test_partitions_without_bars_are_named(tmp_path: Path) -> None:
    bars = lives(stocks(3, START, END)).frame.collect()
    for (ticker,), part in bars.partition_by("ticker", as_dict=True).items():
        folder = tmp_path / f"ticker={ticker}"
        folder.mkdir()
        kept = part.drop("ticker").with_columns(open="close", high="close", low="close")
        (kept.head(0) if ticker == "S001" else kept).write_parquet(folder / "0.parquet")
    (tmp_path / "ticker=S009").mkdir()
    (prices,) = read_dataset(tmp_path, "prices").artifacts
    assert isinstance(prices, PriceTable)
    assert prices.empty == ("ticker=S001", "ticker=S009")
    found = outcome(universe_incomplete, prices)
    assert isinstance(found, Measurement)
    assert "2 partitions without bars" in found.title
    assert judged(universe_incomplete, prices) is Status.WARN


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ({}, Status.SKIP),
        ({"years": 10}, Status.PASS),
        ({"years": 11}, Status.WARN),
        ({"years": 25}, Status.FAIL),
        ({"horizons": (1, 5, 20)}, Status.PASS),
        ({"horizons": (250,), "lookback": 400}, Status.FAIL),
    ],
)
def test_the_history_that_is_asked_for(said: dict[str, object], status: Status) -> None:
    late = [("IPO", date(2019, 9, 2), END)]
    prices = lives(stocks(10, START, END) + late)
    assert judged(history_too_short, prices, expect(**said)) is status


def test_the_years_of_one_file_a_ticker_are_those_of_the_folder() -> None:
    table = lives([("IPO", HALF, END)])
    ipo = PriceTable("d/IPO.csv", "d/IPO.csv", frame=table.frame, names=table.names, rows=200)
    whole = workspace(("d/IPO.csv", {"IPO"}, HALF, END), ("d/OLD.csv", {"OLD"}, START, END))
    assert judged(history_too_short, ipo, expect(years=10), whole) is Status.PASS
    assert judged(history_too_short, ipo, expect(years=10)) is Status.FAIL


@pytest.mark.parametrize(
    ("spans", "status"),
    [
        (stocks(300, START, END), Status.WARN),
        (stocks(298, START, END) + stocks(2, START, HALF, "D{}"), Status.WARN),
        (stocks(270, START, END) + stocks(30, START, HALF, "D{}"), Status.PASS),
        (stocks(300, date(2019, 7, 1), END), Status.PASS),
        (stocks(12, START, END), Status.PASS),
        (stocks(60, date(1985, 1, 7), END), Status.SKIP),
        (stocks(300, START, END, "C{}USDT"), Status.SKIP),
        (stocks(300, START, END, "F{}=F"), Status.SKIP),
    ],
    ids=["all", "two end", "a tenth ends", "half a year", "few", "chosen", "coins", "futures"],
)
def test_survivors_are_judged_by_chance(
    spans: list[tuple[str, date, date]], status: Status
) -> None:
    assert judged(survivorship, lives(spans)) is status


def test_a_market_that_never_closes_is_not_accused() -> None:
    assert judged(survivorship, lives(stocks(100, START, END), every=1)) is Status.SKIP


def test_survivors_in_one_file_each() -> None:
    names = [f"S{n:03}" for n in range(300)]
    whole = workspace(*((f"d/{n}.csv", {n}, START, END) for n in names))
    statuses = []
    for name in names[:3]:
        table = lives([(name, START, END)])
        path = f"d/{name}.csv"
        own = PriceTable(path, path, frame=table.frame, names=table.names, rows=table.rows)
        statuses.append(judged(survivorship, own, whole))
    assert statuses == [Status.WARN, Status.SKIP, Status.SKIP]


BARS = [
    (f"2020-01-{n:02}", 10 + n / 7, 11 + n / 7, 9 + n / 7, 10.5 + n / 7, 1_000_000 + 7 * n)
    for n in range(1, 29)
]


def csv(header: str, row: str = "{},{:.2f},{:.2f},{:.2f},{:.2f},{}") -> str:
    return header + "".join(row.format(*bar) + "\n" for bar in BARS)


HEADER = "Date,Open,High,Low,Close,Volume\n"
YFINANCE = "Price,Open,High,Low,Close,Volume\nTicker,A,A,A,A,A\nDate,,,,,\n"
ADJUSTED = "Date,Open,High,Low,Adj Close,Volume\n"
DOLLARS = "{},${:.2f},${:.2f},${:.2f},${:.2f},{}"


@pytest.mark.parametrize(
    ("text", "status", "said"),
    [
        (csv(HEADER), Status.PASS, "Holds time open high low close volume"),
        (csv("timestamp,open,high,low,adj_close,vol\n"), Status.FAIL, "close beside Adj Close"),
        (csv(""), Status.FAIL, "No header row"),
        (csv(YFINANCE), Status.FAIL, "3 header rows"),
        (csv("# from a vendor\n" + HEADER), Status.FAIL, "1 line stands before the header"),
        (csv(HEADER, DOLLARS), Status.FAIL, "'$10.14'"),
        (csv(HEADER, '{},{:.2f},{:.2f},{:.2f},{:.2f},"{:,}"'), Status.WARN, "'1,000,007'"),
        (csv(HEADER).replace("10.64", "n.a."), Status.WARN, "Close 1 of 28 cells are text"),
        (csv(HEADER).replace("10.64", "NaN"), Status.PASS, "Holds"),
        (csv("Date,Open,High,Low,Close,Close\n"), Status.WARN, "Close stands twice"),
        (csv("Date,Open,High,Low,Close,close\n"), Status.WARN, "stands beside close"),
        (csv("Date,Open,High,Low,Turnover,Volume\n"), Status.FAIL, "No close"),
        (csv("Date,Open,High,Range,Close,Volume\n"), Status.WARN, "No low"),
        (
            csv(HEADER, "{},{:.2f},{:.2f},{:.2f},,{}{}").replace(",,", ",,1"),
            Status.FAIL,
            "Close holds no value",
        ),
        (csv(HEADER).replace("2020-01-27", "soon"), Status.WARN, "1 of 28 cells hold no date"),
        (csv(HEADER).replace("2020-01-1", "2020/01/1"), Status.WARN, "written in 2 notations"),
        (csv(HEADER).replace("2020-01-", "day "), Status.WARN, "Date holds no dates"),
    ],
    ids=lambda value: value if isinstance(value, str) and "\n" not in value else "",
)
def test_columns_as_plain_readers_see_them(
    text: str, status: Status, said: str, tmp_path: Path
) -> None:
    file = tmp_path / "AAA.csv"
    file.write_text(text)
    prices = read(file, PriceTable)
    found = outcome(schema_mismatch, prices)
    assert isinstance(found, Measurement)
    assert said.lower() in found.title.lower()
    assert judged(schema_mismatch, prices) is status


def test_the_same_columns_in_every_partition(tmp_path: Path) -> None:
    bars = pl.DataFrame(
        BARS, schema=["date", "open", "high", "low", "close", "volume"], orient="row"
    )
    bars = bars.with_columns(pl.col("date").str.to_date())
    changed = {
        2020: bars,
        2021: bars.with_columns(pl.col("volume").cast(pl.Float64), dividends=pl.lit(0.0)),
        2022: bars.with_columns(pl.col("close").cast(pl.String)),
        2023: bars,
    }
    for year, part in changed.items():
        (tmp_path / f"year={year}").mkdir()
        part.write_parquet(tmp_path / f"year={year}" / "0.parquet")
    (prices,) = read_dataset(tmp_path, "prices").artifacts
    assert isinstance(prices, PriceTable)
    assert prices.differing == {"year=2022/0.parquet": "close is text, elsewhere a number"}
    assert judged(schema_mismatch, prices) is Status.WARN


def test_infinite_prices_are_missing_ones() -> None:
    prices = lives(stocks(2, START, END)).frame.collect()
    odd = pl.when(pl.int_range(pl.len()).is_in([50, 51])).then(float("inf")).otherwise("close")
    assert judged(missing_values, prices_of(prices.with_columns(close=odd))) is Status.WARN


def test_features_that_plain_readers_take_for_text_drift(tmp_path: Path) -> None:
    rows = "".join(f"2020-01-{n:02},{n % 7},{n % 5},{n % 3}\n" for n in range(1, 29))
    file = tmp_path / "features.csv"
    file.write_text("date,rsi,macd,label_1\n" + rows.replace("-09,2,", "-09,n.a.,"))
    features = read(file, FeatureTable)
    found = feature_schema_drift.run((features, None, None), Settings({}))
    assert isinstance(found, Measurement)
    assert found.values["misread_columns"] == 1
    assert found.title == "rsi: 1 of 28 cells are text, like 'n.a.'"


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_fires_on_its_planted_fault_and_is_silent_on_the_twin(check: Check, twin: Path) -> None:
    said = {}
    for fault in (None, check.name):
        if fault is not None:
            planted(twin, fault)
        found = assemble([twin], configuration.load(twin, {}), configured=True).artifacts
        prices = next(a for a in found if isinstance(a, PriceTable))
        said[fault] = judged(check, prices, *(a for a in found if a is not prices))
    assert said[None] is Status.PASS
    assert said[check.name] in (Status.WARN, Status.FAIL)
