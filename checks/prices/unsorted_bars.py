"""PRC006 unsorted-bars."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from checks.prices.wording import plural
from ml_debugger.artifacts import PriceTable
from ml_debugger.contract import Evidence, Limit, Measurement, NotMeasured, Outcome, check

if TYPE_CHECKING:
    import polars as pl

BATCH = 1_000_000
"""Rows looked at together where tickers alternate in the file: about 40 MB."""
MOST = 1_000_000
"""Most bars named; those beyond are counted."""
BACKWARDS = 0.99
"""Share of bars before the one above them from which a file as a whole runs backwards."""


def _between_rows(prices: PriceTable) -> dict[str, int]:
    """Between neighbouring rows of the file: where time falls, and where tickers do.

    A pass of its own over two columns: beside aggregations that need no order, the engine would
    hold the whole table.
    """
    import polars as pl

    ticker, time = pl.col("ticker"), pl.col("time")
    # tickers in ascending order stand in one block each, so blocks need not be counted
    asked = prices.frame.select(
        (time < time.shift()).sum().alias("falls"),
        _falls().sum().alias("falls_within"),
        (ticker < ticker.shift()).sum().alias("tickers_fall"),
    )
    return asked.collect(engine="streaming").row(0, named=True)


def _falls() -> pl.Expr:
    import polars as pl

    ticker, time = pl.col("ticker"), pl.col("time")
    return ((time < time.shift()) & (ticker == ticker.shift())).fill_null(False)


@check(
    code="PRC006",
    name="unsorted-bars",
    component="data",
    playbook="market-data",
    limits=(
        Limit(
            "unsorted_bars",
            "bars",
            "above",
            "bars that stand after a later bar of their ticker",
            "a shift by rows takes the bar above for the bar before",
            warn=0,
        ),
        Limit(
            "unsorted_share",
            "share",
            "above",
            "share of such bars",
            "one in a hundred: the file as a whole is not in order, as in a file written backwards",
            fail=0.01,
        ),
    ),
    profiles=("quick", "pre-train", "full"),
    explained_by=("duplicate-bar",),
)
def unsorted_bars(prices: PriceTable) -> Outcome:
    """Time does not increase within a ticker, in the order of the file.

    What it measures:
        Bars whose time is before that of the bar above them of the same ticker, in the order of
        the file. Files sorted by ticker, sorted by date, partitioned or interleaved are in
        order as long as time increases within each ticker. The hour that clocks repeat when
        summer time ends does not count where the stamps carry no zone. A file that runs
        backwards throughout is named as such.

    Why it matters:
        pandas and polars shift by rows. In a file that runs backwards the row above is
        tomorrow: every lagged feature is the future, and every label is the past.

    What to do:
        Sort by ticker and time directly after reading, before any shift, rolling window or
        split. If only some bars are out of order, look for downloads that were appended.

    Sources:
        Follows from the definition of a series. Web downloads of several vendors run backwards.
    """
    if "time" not in prices.names:
        return NotMeasured("has no dates")
    if prices.rows < 2:
        return NotMeasured("holds fewer than two bars")
    between = _between_rows(prices)
    in_order = not between["falls"] or not (between["falls_within"] or between["tickers_fall"])
    # a naive clock falls by an hour once a year, which only a look at the rows can tell
    found, count = (None, 0) if in_order else _look(prices, between)
    if found is None or not count:
        return Measurement(
            f"Time increases within each ticker in {prices.rows:,} bars",
            {"unsorted_bars": 0, "unsorted_share": 0.0},
        )
    tickers = found["ticker"].n_unique()
    backwards = count + tickers == prices.rows or count >= BACKWARDS * prices.rows
    of = f" of {plural(tickers, 'ticker')}" if count == found.height else ""
    return Measurement(
        f"The file runs backwards: time falls at {plural(count, 'bar')}{of}"
        if backwards
        else f"{plural(count, 'bar')}{of} out of order",
        {"unsorted_bars": count, "unsorted_share": count / prices.rows},
        tuple(
            Evidence("bar after", str(row["before"]), where=f"{row['ticker']} {row['time']}")
            for row in found.head(4).to_dicts()
        ),
        rows=lambda: found.select("ticker", "time", _detail()),
    )


def _detail() -> pl.Expr:
    import polars as pl

    return pl.format("stands after {}", pl.col("before")).alias("detail")


def _look(prices: PriceTable, between: Mapping[str, int]) -> tuple[pl.DataFrame, int]:
    """Bars above which a later bar of their ticker stands (ticker, time, before); how many."""
    import polars as pl

    keys = prices.frame.select("ticker", "time")
    if between["tickers_fall"]:
        return _by_batches(keys)
    before = pl.col("time").shift().alias("before")
    fallen = keys.with_columns(before, _falls().alias("falls")).filter("falls").drop("falls")
    named = fallen.head(MOST).collect(engine="streaming")
    apart = named.filter(~_repeated_hour(named.schema["time"]))
    return apart, between["falls_within"] - (named.height - apart.height)


def _by_batches(keys: pl.LazyFrame) -> tuple[pl.DataFrame, int]:
    """The same where tickers stand in several blocks: the last bar of each is carried along."""
    import polars as pl

    last = pl.DataFrame(schema=keys.collect_schema())
    named, count = last.with_columns(before="time"), 0
    batches = keys.drop_nulls().collect_batches(chunk_size=BATCH, maintain_order=True)
    for batch in batches:
        rows = pl.concat([last, batch]).with_columns(
            pl.col("time").shift().over("ticker").alias("before")
        )
        fallen = rows.filter(pl.col("time") < pl.col("before"))
        fallen = fallen.filter(~_repeated_hour(fallen.schema["time"]))
        count += fallen.height
        named = pl.concat([named, fallen.head(MOST - named.height)])
        last = rows.group_by("ticker").agg(pl.col("time").last())
    return named, count


def _repeated_hour(kind: pl.DataType) -> pl.Expr:
    """Stamps that fall by up to an hour on the Sundays on which clocks go back."""
    import polars as pl

    if not isinstance(kind, pl.Datetime) or kind.time_zone is not None:
        return pl.lit(False)
    time = pl.col("time").dt
    autumn = time.month().is_in([3, 4, 10, 11])
    short = pl.col("before") - pl.col("time") <= pl.duration(hours=1)
    return short & (time.weekday() == 7) & (time.hour() <= 3) & autumn
