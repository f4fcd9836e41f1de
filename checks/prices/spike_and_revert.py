"""PRC011 spike-and-revert."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from checks.prices.spikes import spikes
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

FAR, FAR_PLAIN, FAR_UNRANGED, FAR_ALONE = 9.0, 7.0, 15.0, 13.0
"""Usual moves from which a spike counts: with opens and a range; on a bar that was plainly quiet;
without opens or a range; and where closes are all there is, which must come back more exactly."""
LEFT, LEFT_ALONE = 0.25, 0.12
"""Share of the move that the next bar may leave, and where closes are all there is."""
WITH_OTHERS, SOME = 0.75, 3
"""Share of that from which one counts on a date that has three such spikes already."""
MANY, ALIKE = 4, 2.0
"""Spikes of closes alone that a ticker repeats at one size are bounces between two quotes."""
LEAST = 0.03
"""Natural logarithm; smaller spikes are within what quotes and auctions do."""
OTHERS, TICKS, LEAST_BARS = 2.5, 5.0, 20
"""Times the ticker's other returns of that kind, its smallest steps, and bars around it."""
CROWD, RANGE = 2.0, 2.5
"""True news trades several times the usual amount in several times the usual range."""
HUGE, CROWD_HUGE = 15.0, 4.0
"""Usual moves beyond which news would trade far more: the busy days of any month are allowed."""
GAP = 0.5
"""Share of the move that is gone at the next open: after a wrong price nobody trades near it."""
GAP_WIDE, QUIET = 0.8, 1.5
"""A wrong close may stand in the range too: the gap and the volume must then be plainer."""
UNITS = (10.0, 100.0, 1000.0)
"""Spikes by these factors are errors of unit."""


def gather(bars: Bars) -> Mapping[str, pl.DataFrame]:
    """`spikes`: moves that the next bar takes back, with the facts around them."""
    return {} if bars.growth is None else {"spikes": spikes(bars)}


@check(
    code="PRC011",
    name="spike-and-revert",
    component="data",
    playbook="market-data",
    limits=(
        Limit(
            "spikes",
            "bars",
            "above",
            "closes far off both neighbours on a bar of ordinary trading",
            "measured: in 619,040 bars of a published file all 11 spikes above 10 % that a second "
            "vendor contradicts are found, and neither of the 2 that it confirms",
            warn=0,
        ),
        Limit(
            "worst_spike",
            "share",
            "above",
            "the largest of them, as a return",
            "a return of a fifth that nobody had outweighs a month of true ones",
            fail=0.2,
        ),
    ),
    profiles=("pre-train", "full"),
    explained_by=("future-bar-copy",),
    gather=gather,
)
def spike_and_revert(prices: PriceTable, found: Gathered) -> Outcome:
    """A price jumps for one bar and comes back, while nothing else happened.

    What it measures:
        Closes that leave the one before by nine or more of the ticker's usual moves (seven on a
        plainly quiet bar, fewer on a date with three such spikes) and are taken back by the next
        bar, after the market's own move is taken off. A spike is only accused where the bar was
        traded like any other and the next open knows nothing of it: true news trades several
        times the usual volume in several times the usual range. It must be larger than what the
        ticker does otherwise (bounces between bid and ask, coarse ticks). Without opens or a
        range it must be 15 usual moves; where closes are all there is, 13, and come back more
        exactly. Factors of 10, 100 and 1000 belong to unit-error.

    Why it matters:
        A model learns to buy the day after: the backtest earns the whole spike at a price that
        did not exist. Volatility stays wrong for as long as its window reaches.

    What to do:
        Compare the named bars with a second source and replace them. If many tickers are named
        on one date, the vendor's file of that date is wrong as a whole: fetch the date anew.

    Sources:
        Allowances measured on a published file of 505 stocks, in which a second vendor confirms
        AMD of 2017-05-16 and MAT of 2017-10-30 as true; they trade 3 and 5 times the usual.
    """
    import polars as pl

    if "spikes" not in found:
        return NotMeasured("has no closes")
    if prices.rows < LEAST_BARS:
        return NotMeasured(f"holds {plural(prices.rows, 'bar')}, too few")
    plain = found["spikes"].filter(_is_wrong(1.0))
    dates = plain.group_by("time").len().filter(pl.col("len") >= SOME).select("time")
    # a vendor's file that is wrong for some tickers of a date is so for others
    beside = found["spikes"].join(dates, on="time", how="semi").filter(_is_wrong(WITH_OTHERS))
    wrong = pl.concat([plain, beside]).unique(["ticker", "time"], maintain_order=True)
    size = (pl.min_horizontal(pl.col("move").abs(), pl.col("back").abs()).exp() - 1).alias("size")
    wrong = wrong.with_columns(size).filter(~_bounces()).sort("size", descending=True)
    if not wrong.height:
        return Measurement(
            f"No price jumps and comes back on a quiet bar in {prices.rows:,} bars",
            {"spikes": 0, "worst_spike": 0.0},
        )
    worst = wrong.row(0, named=True)
    moves = "jumps and comes back" if wrong.height == 1 else "jump and come back"
    return Measurement(
        f"{plural(wrong.height, 'price')} of {plural(wrong['ticker'].n_unique(), 'ticker')} "
        f"{moves}, up to {worst['size']:.0%}",
        {"spikes": wrong.height, "worst_spike": worst["size"]},
        tuple(
            Evidence(
                "close between its neighbours",
                f"{row['before']:g}, {row['price']:g}, {row['after']:g}",
                where=f"{row['ticker']} {row['time']}",
            )
            for row in wrong.head(5).to_dicts()
        ),
        rows=lambda: wrong.sort("ticker", "time").select(
            "ticker",
            "time",
            pl.format("{} between {} and {}", "price", "before", "after").alias("detail"),
        ),
    )


def _bounces() -> pl.Expr:
    import polars as pl

    size = pl.col("size")
    alone = pl.col("volume").is_null() & pl.col("range").is_null()
    alike = (size.max() <= ALIKE * size.min()).over("ticker")
    return alone & (pl.len().over("ticker") >= MANY) & alike


def _is_wrong(strictness: float) -> pl.Expr:
    """Whether a spike is a wrong price; `strictness` scales how far it must be."""
    import polars as pl

    move, back, usual = pl.col("move"), pl.col("back"), pl.col("usual")
    size = pl.min_horizontal(move.abs(), back.abs())
    left = (move + back).abs() / move.abs()
    volume, ranged, gap = pl.col("volume"), pl.col("range"), pl.col("gap")
    huge = size >= HUGE * usual
    calm = (volume <= pl.when(huge).then(CROWD_HUGE).otherwise(CROWD)).fill_null(True)
    narrow = (ranged <= pl.when(huge).then(CROWD_HUGE).otherwise(RANGE)) | (
        (volume <= QUIET) & (gap >= GAP_WIDE)
    )
    opened = (gap >= GAP).fill_null(True)
    traded = pl.when(ranged.is_null()).then(calm).otherwise(calm & narrow.fill_null(False) & opened)
    plain = (volume <= QUIET) & (ranged <= QUIET) & (gap >= GAP_WIDE)
    far = (
        pl.when(plain.fill_null(False))
        .then(FAR_PLAIN)
        .when(ranged.is_not_null() & gap.is_not_null())
        .then(FAR)
        .when(volume.is_not_null() | ranged.is_not_null())
        .then(FAR_UNRANGED)
        .otherwise(FAR_ALONE)
    )
    closes = ranged.is_null() & volume.is_null()
    beyond = size >= OTHERS * pl.col("others").fill_null(0.0)
    coarse = pl.col("ticks").fill_null(math.inf) < TICKS
    unit = pl.any_horizontal(((move.abs() - math.log(k)).abs() < 0.1) & (left < 0.1) for k in UNITS)
    return (
        (size >= LEAST)
        & (left <= pl.when(closes).then(LEFT_ALONE).otherwise(LEFT))
        & (move * back < 0)
        & (size >= strictness * far * usual)
        & traded
        & beyond
        & ~coarse
        & ~unit
        & (pl.col("bars") >= LEAST_BARS)
    ).fill_null(False)
