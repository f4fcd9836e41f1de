"""PRC009 stuck-feed."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from checks.prices.repeats import repeats
from checks.prices.spans import within
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

CHANCE = 0.001
"""Expected number of runs that chance may bring forth in the whole table, for each kind of run."""
BEYOND = 3.0
"""A stuck run is this many times as long as a long run of the ticker: no run of halts or nights."""
HABIT_RUNS, HABIT_SHARE = 3, 0.2
"""A ticker that stands still in three runs over a fifth of its bars does so by right: a peg."""
LEAST_CHANGES = 20
"""Bars of a ticker that must differ from the one before: a pegged price has no history to judge."""


def gather(bars: Bars) -> Mapping[str, pl.DataFrame]:
    """`runs` of three and more repeats with the ticker's own habit, and the bars `compared`."""
    return repeats(bars)


@check(
    code="PRC009",
    name="stuck-feed",
    component="data",
    playbook="market-data",
    limits=(
        Limit(
            "stuck_bars",
            "bars",
            "above",
            "bars that repeat the one before in runs beyond chance",
            "expected by chance: 0.002 runs in a whole table",
            fail=20,
            warn=0,
        ),
    ),
    profiles=("pre-train", "full"),
    explained_by=("future-bar-copy", "cloned-series"),
    gather=gather,
)
def stuck_feed(prices: PriceTable, found: Gathered) -> Outcome:
    """A feed stood still: bars repeat for longer than the ticker's own history makes likely.

    What it measures:
        Runs of equal bars (open, high, low and close, or closes alone) that are longer than the
        ticker's own habit of repeating prices explains. The habit is the share of repeats
        outside the run, over its history and around the run, whichever is larger; a run counts
        when chance would bring 0.001 runs of its length in the whole table, and when it is
        three times as long as the long runs that the ticker has anyway. Bars without volume in a
        ticker that has volume are halts or quotes and do not count; neither do dates filled
        forward for all tickers, nor prices that hardly ever change, such as pegs.

    Why it matters:
        Returns of zero are learned as calm. Volatility falls to nothing just before the jump
        with which the feed comes back, and that jump looks like a price that could be traded.

    What to do:
        Fetch the named span anew from a second source. If there is none, mask the bars from the
        first repeat up to and including the first new price.

    Sources:
        Length of runs in independent trials (geometric law), Bonferroni over all bars.
    """
    import polars as pl

    if "compared" not in found:
        return NotMeasured("has no closes")
    compared = int(found["compared"]["bars"].sum())
    if compared < 3 * LEAST_CHANGES:
        return NotMeasured(f"only {plural(compared, 'bar')} can be held against the one before")
    share = pl.max_horizontal("habit", "nearby")
    stuck = (
        found["runs"]
        .filter(
            (pl.col("length") * share.log() + math.log(compared) < math.log(CHANCE))
            & (pl.col("length") >= BEYOND * pl.col("long"))
            & (pl.col("changes") >= LEAST_CHANGES)
        )
        .sort("length", descending=True)
        # one run is seen in bars and in closes: the longer of the two is named
        .unique(["ticker", "end"], keep="first", maintain_order=True)
    )
    length = pl.col("length")
    often = (length.len() >= HABIT_RUNS) & (length.sum() >= HABIT_SHARE * pl.col("of").first())
    stuck = stuck.filter(~often.over("ticker"))
    bars = int(stuck["length"].sum())
    if not bars:
        return Measurement(
            f"No run of equal bars beyond chance in {prices.rows:,} bars", {"stuck_bars": 0}
        )
    longest = stuck.row(0, named=True)
    return Measurement(
        f"{plural(bars, 'bar')} of {plural(stuck['ticker'].n_unique(), 'ticker')} stand still, "
        f"up to {longest['length'] + 1} equal",
        {"stuck_bars": bars},
        tuple(
            Evidence(
                f"equal {row['kind']}",
                row["length"] + 1,
                f"in a row, {max(row['habit'], row['nearby']):.2%} of its bars repeat",
                f"{row['ticker']} {row['start']} to {row['end']}",
            )
            for row in stuck.head(5).to_dicts()
        ),
        rows=lambda: _rows(prices, stuck),
    )


def _rows(prices: PriceTable, stuck: pl.DataFrame) -> pl.DataFrame:
    """The repeating bars of the stuck runs."""
    import polars as pl

    spans = stuck.select("ticker", "start", "end", "kind", first="start")
    return (
        within(prices.frame.select("ticker", "time"), spans)
        .filter(pl.col("time") > pl.col("first"))
        .select("ticker", "time", pl.format("{} stand still", "kind").alias("detail"))
    )
