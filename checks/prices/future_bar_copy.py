"""PRC014 future-bar-copy."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from checks.prices.wording import plural
from ml_debugger.artifacts import Bars, PriceTable
from ml_debugger.contract import (
    Evidence,
    Gathered,
    Limit,
    Measurement,
    NotMeasured,
    Outcome,
    check,
)

if TYPE_CHECKING:
    import polars as pl

CHANCE = 0.01
"""Expected number of dates that chance may raise above the size of a cluster, in the table."""
LEAST_CLUSTER = 4
FORWARD_FILL = 0.9
"""Share of tickers that repeat their last bar on a date that was filled forward: a holiday."""


def gather(bars: Bars) -> Mapping[str, pl.DataFrame]:
    """`pairs` of equal bars, the tickers `living` on a date, and how volumes repeat by `lots`."""
    import polars as pl

    if len(bars.ohlc) < 4:
        return {}
    pairs = _pairs(bars)
    return {
        "pairs": pairs,
        "living": bars.frame.group_by("time").agg(pl.len().alias("living")),
        "lots": _lots(bars, pairs),
    }


@check(
    code="PRC014",
    name="future-bar-copy",
    component="data",
    playbook="leakage",
    limits=(
        Limit(
            "copied_bars",
            "bars",
            "above",
            "bars that equal a later bar of their ticker, in clusters or with equal volume",
            "measured: 1,023 of 1,068 repeats in 619,040 bars of a published file (a second "
            "vendor confirms 967), none in 36,131 bars of six other files",
            fail=9,
            warn=0,
        ),
    ),
    profiles=("pre-train", "full"),
    gather=gather,
)
def future_bar_copy(prices: PriceTable, found: Gathered) -> Outcome:
    """Bars are copies of later bars: the future stands in the past.

    What it measures:
        Bars whose open, high, low and close all equal those of a later bar of the same ticker.
        Bars without a range do not count, and neither do runs of equal bars and dates filled
        forward for all tickers. Chance repeats (coarse ticks, cheap stocks) are told apart in
        two ways: copies by more tickers on one date than chance explains, or equal volume too
        in a ticker whose volumes hardly ever repeat.

    Why it matters:
        A feature of that date knows a price of days or weeks later. It is look-ahead that no
        test of the feature code can find, because the code is right.

    What to do:
        Fetch the named dates anew from a second source. If there is none, drop these bars;
        do not train or test across them.

    Sources:
        Found by this project in the published file of 505 stocks from 2013 to 2018; chance
        level by the Poisson distribution of repeats a date.
    """
    import polars as pl

    if len(prices.ohlc) < 4:
        return NotMeasured("has no open, high, low and close")
    if prices.rows < 30:
        return NotMeasured(f"holds {plural(prices.rows, 'bar')}, too few")
    pairs = found["pairs"]
    copied = _beyond_chance(pairs, found) if pairs.height else pairs
    count = copied.height
    if not count:
        return Measurement(
            f"No bar copied from the future among {plural(prices.rows, 'bar')}",
            {"copied_bars": 0},
        )
    tickers, dates = copied["ticker"].n_unique(), copied["time"].n_unique()
    return Measurement(
        f"{plural(count, 'bar')} of {plural(tickers, 'ticker')} on {plural(dates, 'date')} "
        "equal later bars",
        {"copied_bars": count},
        _evidence(copied),
        rows=lambda: copied.select("ticker", "time", pl.col("later").alias("copied_from")),
    )


def _pairs(bars: Bars) -> pl.DataFrame:
    """Bars with an equal later bar: ticker, time, the later time, whether the next, volumes."""
    import polars as pl

    candle = list(bars.ohlc)
    volume = pl.col("volume") if "volume" in bars.names else pl.lit(None, pl.Float64)
    ranged = (pl.col("high") > pl.col("low")).fill_null(False)
    # equal keys are found by one sort of integers, and only their bars are looked at
    keys = bars.frame.select(
        pl.when(ranged).then(pl.struct(candle).hash()).alias("key"),
    ).to_series()
    ordered = keys.drop_nulls().sort()
    twice = ordered.filter(ordered == ordered.shift()).unique()
    row = keys.is_in(twice.implode()).fill_null(value=False).arg_true()
    repeated = pl.DataFrame({"key": keys.gather(row), "row": row})
    rows = (
        bars.frame[repeated["row"]]
        .select("ticker", "time", *candle, volume.alias("volume"))
        .with_columns(repeated["row"].cast(pl.Int64), repeated["key"])
        .sort("key", "ticker", "row")
        .with_columns((pl.col("key") == pl.col("key").shift(-1)).fill_null(False).alias("again"))
    )
    same = pl.col("again") & pl.all_horizontal(
        pl.col(c) == pl.col(c).shift(-1) for c in ("ticker", *candle)
    )
    later = {"later": "time", "later_row": "row", "later_volume": "volume"}
    pairs = rows.filter(pl.col("again") | pl.col("again").shift(1)).with_columns(
        *(pl.col(source).shift(-1).alias(name) for name, source in later.items()),
        same.alias("same"),
    )
    return pairs.filter(pl.col("same") & (pl.col("later") > pl.col("time"))).select(
        "ticker",
        "time",
        "later",
        (pl.col("later_row") == pl.col("row") + 1).alias("next"),
        ((pl.col("volume") == pl.col("later_volume")) & (pl.col("volume") > 0)).alias("volumes"),
    )


def _beyond_chance(pairs: pl.DataFrame, found: Gathered) -> pl.DataFrame:
    """Pairs that stand in clusters on one date, and single ones that also share the volume."""
    import polars as pl

    living = found["living"].group_by("time").agg(pl.col("living").sum())
    filled = (
        pairs.filter("next")
        .group_by("later")
        .agg(pl.len().alias("repeats"))
        .join(living, left_on="later", right_on="time")
        .filter((pl.col("repeats") >= FORWARD_FILL * pl.col("living")) & (pl.col("living") >= 3))
    )
    pairs = pairs.join(filled.select("later"), on="later", how="anti")
    by_date = pairs.group_by("time").agg(pl.len().alias("cluster"))
    if by_date.is_empty():
        return pairs
    # dates with few repeats tell the chance level: those of a fault do not enter it
    few = by_date.filter(pl.col("cluster") < LEAST_CLUSTER)["cluster"].sum()
    threshold = _cluster_size(float(few) / living.height, living.height)
    pairs = pairs.join(by_date, on="time").with_columns(
        (pl.col("cluster") >= threshold).alias("clustered"),
        # one ticker that repeats its next bar with its volume is a stuck feed, not the future
        (pl.col("volumes") & ~pl.col("next")).alias("lone"),
    )
    thin = _thin(pairs.filter(~pl.col("clustered")), found["lots"])
    return pairs.filter(pl.col("clustered") | (pl.col("lone") & ~pl.col("ticker").is_in(thin)))


def _lots(bars: Bars, pairs: pl.DataFrame) -> pl.DataFrame:
    """The chance that two bars of a ticker have one volume, for tickers with such a pair."""
    import polars as pl

    if "volume" not in bars.names:
        return pl.DataFrame(schema={"ticker": pl.String, "chance": pl.Float64})
    lone = pairs.filter(pl.col("volumes") & ~pl.col("next")).select("ticker").unique()
    rows = (
        bars.frame.select("ticker", "time", "volume")
        .join(lone, on="ticker", how="semi")
        # copies repeat a volume by nature; how often others do is the question
        .join(pairs, on=["ticker", "time"], how="anti")
    )
    count = pl.col("len")
    return (
        rows.group_by("ticker", "volume")
        .len()
        .group_by("ticker")
        .agg(((count * (count - 1)).sum() / (count.sum() * (count.sum() - 1))).alias("chance"))
    )


def _thin(pairs: pl.DataFrame, lots: pl.DataFrame) -> list[str]:
    """Tickers that trade so few round lots that chance repeats a volume beside a bar."""
    import polars as pl

    repeats = pairs.group_by("ticker").agg(pl.len().alias("repeats"), pl.col("lone").any())
    expected = pl.col("repeats") * pl.col("chance")
    thin = repeats.filter("lone").join(lots, on="ticker").filter(expected > CHANCE)
    return thin["ticker"].to_list()


def _cluster_size(rate: float, dates: int) -> int:
    """The least number of repeats on one date that chance does not explain."""
    size = LEAST_CLUSTER
    while dates * _poisson_tail(rate, size) > CHANCE:
        size += 1
    return size


def _poisson_tail(rate: float, size: int) -> float:
    """Probability of `size` or more events at a rate."""
    term = below = math.exp(-rate)
    for k in range(1, size):
        term *= rate / k
        below += term
    return max(0.0, 1.0 - below)


def _evidence(copied: pl.DataFrame) -> tuple[Evidence, ...]:
    import polars as pl

    top = (
        copied.group_by("time", "later")
        .agg(pl.len().alias("tickers"), pl.col("ticker").min().alias("example"))
        .sort("tickers", "time", descending=[True, False])
        .head(5)
    )
    return tuple(
        Evidence(
            "copied bars",
            row["tickers"],
            "tickers",
            f"bars of {row['time']} equal bars of {row['later']}, such as {row['example']}",
        )
        for row in top.to_dicts()
    )
