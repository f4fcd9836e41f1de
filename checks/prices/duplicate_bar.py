"""PRC005 duplicate-bar."""

from __future__ import annotations

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


def gather(bars: Bars) -> Mapping[str, pl.DataFrame]:
    """`repeated`: bars whose ticker and time stand in the bar before, and whether they differ."""
    import polars as pl

    time = pl.col("time")
    repeated = bars.frame.select(
        bars.same & ((time == time.shift()) & ~_repeated_hour(bars.frame)).fill_null(False)
    ).to_series()
    columns = [c for c in bars.frame.columns if c not in ("ticker", "time")]
    at = repeated.arg_true()
    found, before = bars.frame[at], bars.frame[at.cast(pl.Int64) - 1]
    differs = pl.any_horizontal(
        [pl.Series(found[c].ne_missing(before[c])) for c in columns] or [pl.lit(False)]
    )
    close = pl.col("close") if "close" in bars.names else pl.lit(None, pl.Float64).alias("close")
    return {"repeated": found.select("ticker", "time", close, differs.alias("differs"))}


@check(
    code="PRC005",
    name="duplicate-bar",
    component="data",
    playbook="market-data",
    limits=(
        Limit(
            "duplicate_bars",
            "bars",
            "above",
            "bars beyond the first of one ticker and time",
            "a table of bars has one row for a ticker and time",
            warn=0,
        ),
        Limit(
            "conflicting_bars",
            "bars",
            "above",
            "those of them that say something else than the first",
            "one of two different bars of one session is wrong",
            fail=0,
        ),
        Limit(
            "duplicate_share",
            "share",
            "above",
            "share of duplicate bars",
            "one in a hundred: a download was appended twice",
            fail=0.01,
        ),
    ),
    profiles=("quick", "pre-train", "full"),
    gather=gather,
)
def duplicate_bar(prices: PriceTable, found: Gathered) -> Outcome:
    """One ticker and time stands in the table more than once.

    What it measures:
        Bars whose ticker and time have been seen before, and how many of them contradict the
        first one. The hour that clocks repeat when summer time ends is not counted where the
        stamps carry no zone.

    Why it matters:
        Returns between the two rows are zero or nonsense, windows count a session twice, and
        joins multiply rows. If the copies fall into train and test, the test is known.

    What to do:
        Keep the row that a second source confirms; if the rows are equal, keep one. Look for a
        download that was appended instead of merged.

    Sources:
        Follows from the definition of a bar.
    """
    import polars as pl

    if prices.rows < 2:
        return NotMeasured("holds fewer than two bars")
    repeated = found["repeated"]
    count, conflicting = repeated.height, int(repeated["differs"].sum())
    values = {
        "duplicate_bars": count,
        "conflicting_bars": conflicting,
        "duplicate_share": count / prices.rows,
    }
    if not count:
        return Measurement(
            f"Each of {plural(prices.rows, 'bar')} has its own ticker and time", values
        )
    return Measurement(
        f"{plural(count, 'duplicate bar')}, {conflicting:,} of them conflicting",
        values,
        tuple(
            Evidence("duplicate bar", row["close"], where=f"{row['ticker']} {row['time']}")
            for row in repeated.sort("differs", descending=True, maintain_order=True)
            .head(5)
            .to_dicts()
        ),
        rows=lambda: repeated.select(
            "ticker",
            "time",
            pl.when("differs")
            .then(pl.lit("conflicting"))
            .otherwise(pl.lit("equal"))
            .alias("detail"),
        ),
    )


def _repeated_hour(bars: pl.DataFrame) -> pl.Expr:
    """Stamps in the hours that clocks without a zone repeat, on the Sundays when they may."""
    import polars as pl

    kind = bars.schema["time"]
    if not isinstance(kind, pl.Datetime) or kind.time_zone is not None:
        return pl.lit(False)
    time = pl.col("time").dt
    autumn = time.month().is_in([3, 4, 10, 11])
    return (time.weekday() == 7) & (time.hour() <= 3) & autumn
