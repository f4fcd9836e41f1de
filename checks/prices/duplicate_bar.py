"""PRC005 duplicate-bar."""

from __future__ import annotations

from typing import TYPE_CHECKING

from checks.prices.size import plural, too_large
from ml_debugger.artifacts import PriceTable
from ml_debugger.contract import Evidence, Limit, Measurement, NotMeasured, Outcome, check

if TYPE_CHECKING:
    import polars as pl


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
)
def duplicate_bar(prices: PriceTable) -> Outcome:
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

    large = too_large(prices)
    if large is not None:
        return large
    bars = prices.bars
    if bars.height < 2:
        return NotMeasured("holds fewer than two bars")
    same = (pl.col("ticker") == pl.col("ticker").shift()) & (
        pl.col("time") == pl.col("time").shift()
    )
    repeated = bars.select((same & ~_repeated_hour(bars)).fill_null(False).alias("same"))["same"]
    count = int(repeated.sum())
    values = {
        "duplicate_bars": count,
        "conflicting_bars": 0,
        "duplicate_share": count / bars.height,
    }
    if not count:
        return Measurement(
            f"Each of {plural(bars.height, 'bar')} has its own ticker and time", values
        )
    columns = [c for c in bars.columns if c not in ("ticker", "time")]
    differs = bars.select(
        pl.any_horizontal(~pl.col(c).eq_missing(pl.col(c).shift()) for c in columns).alias("d")
    )["d"]
    conflicting = repeated & differs
    values["conflicting_bars"] = int(conflicting.sum())
    shown = bars.filter(conflicting if conflicting.any() else repeated)
    return Measurement(
        f"{plural(count, 'duplicate bar')}, {values['conflicting_bars']:,} of them conflicting",
        values,
        tuple(
            Evidence("duplicate bar", row.get("close"), where=f"{row['ticker']} {row['time']}")
            for row in shown.head(5).to_dicts()
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
