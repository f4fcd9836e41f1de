"""PRC013 unit-error."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from checks.prices.levels import stretches
from checks.prices.spans import within
from checks.prices.units import off_close
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

SPLIT_POWER = 1
"""Companies split 10:1; a lasting step by 100 or 1000 is one only if volume is scaled too."""
LONG = 250
"""Bars of a stretch by 10 that may lie between two splits, a year, unless its volume says no."""


def gather(bars: Bars) -> Mapping[str, pl.DataFrame]:
    """`stretches` off the level of their ticker, and `columns` off the close of their bar."""
    import polars as pl

    series = [c for c in ("close", "adj_close") if c in bars.names]
    if not series:
        return {}
    return {
        "stretches": pl.concat([stretches(bars, c) for c in series], how="vertical_relaxed"),
        "columns": off_close(bars),
    }


@check(
    code="PRC013",
    name="unit-error",
    component="data",
    playbook="market-data",
    limits=(
        Limit(
            "off_bars",
            "bars",
            "above",
            "bars with a price 10, 100 or 1000 times off",
            "one of them is a return of -90 % or more, or of +900 %, that nobody had",
            fail=0,
        ),
    ),
    profiles=("pre-train", "full"),
    gather=gather,
)
def unit_error(prices: PriceTable, found: Gathered) -> Outcome:
    """Prices are off by a factor of 10, 100 or 1000: pence for pounds, cents for dollars.

    What it measures:
        Steps between neighbouring bars that lie within the ticker's usual move of a power of
        ten, and the stretches between them that stand off the level of most bars. A stretch
        counts when the series comes back; a lasting step counts by 100 or 1000 where volume is
        not scaled the other way, which would be a split. A lasting step by 10 belongs to
        unadjusted-split. In the same way single columns are held against the close of their bar.
        Prices of a few ticks are not judged, and neither is a ticker that is in another unit
        throughout: nothing in it proves that.

    Why it matters:
        One such bar is the largest return of the table: it sets the scale of every feature and
        most of the loss, and a backtest that buys it becomes rich.

    What to do:
        Divide or multiply the named bars, after a second source has confirmed the unit. Where a
        vendor mixes pence and pounds, convert when reading, by the currency of each bar.

    Sources:
        Found in published data of a vendor that mixes pence and pounds for one London stock
        (14.55 and 0.1455 in turn). Ratios of splits as companies declare them.
    """
    import polars as pl

    if "stretches" not in found:
        return NotMeasured("has no closes")
    if prices.rows < 3:
        return NotMeasured(f"holds {plural(prices.rows, 'bar')}, too few")
    wrong = found["stretches"].filter(_is_wrong())
    closes = wrong.filter(pl.col("column") == "close")
    # adjusted closes follow the closes, so they are named only where they are off alone
    alone = wrong.filter(pl.col("column") != "close").join(
        closes, on=["ticker", "start"], how="anti"
    )
    keys = ["ticker", "column", "start", "end", "bars", "power"]
    off = pl.concat([closes.select(keys), alone.select(keys)])
    columns = found["columns"]
    columns = columns.join(closes.select("ticker"), on="ticker", how="anti")
    off = pl.concat([off, columns.select(keys)], how="vertical_relaxed")
    count = int(off["bars"].sum())
    if not count:
        return Measurement(
            f"No price off by a power of ten in {prices.rows:,} bars", {"off_bars": 0}
        )
    factor = 10 ** abs(int(off["power"].mode().sort()[-1]))
    return Measurement(
        f"{plural(count, 'price')} of {plural(off['ticker'].n_unique(), 'ticker')} "
        f"off by a factor of {factor}",
        {"off_bars": count},
        tuple(
            Evidence(
                f"{row['column']} times {10.0 ** row['power']:g}",
                row["bars"],
                "bars",
                f"{row['ticker']} {row['start']} to {row['end']}",
            )
            for row in off.sort("bars", descending=True, maintain_order=True).head(5).to_dicts()
        ),
        rows=lambda: _rows(prices, off),
    )


def _is_wrong() -> pl.Expr:
    """Whether a stretch is an error of unit and no split."""
    import polars as pl

    scaled, step = pl.col("scaled"), pl.col("step")
    by_ten = pl.col("power").abs() <= SPLIT_POWER
    inside = ~(pl.col("first") | pl.col("last"))
    # a split by 10^n scales volume by 10^-n: half way there decides
    split = (scaled * step.sign() <= -step.abs() / 2).fill_null(False)
    # raw closes jump by right where adjusted ones do not
    raw = ~pl.col("adjusted").fill_null(True)
    back = ~(raw & split) & ~(by_ten & (pl.col("bars") > LONG) & (split | scaled.is_null()))
    lasting = ~by_ten & ~split & ~raw
    return pl.when(inside).then(back).otherwise(lasting)


def _rows(prices: PriceTable, off: pl.DataFrame) -> pl.DataFrame:
    """Every bar of the stretches, by column."""
    import polars as pl

    keys = prices.frame.select("ticker", "time")
    parts = []
    for (column,), some in off.group_by("column", maintain_order=True):
        spans = some.select(
            "ticker",
            "start",
            "end",
            pl.format("{} by 10 to the {}", pl.lit("off"), "power").alias("detail"),
        )
        parts.append(
            within(keys, spans).select("ticker", "time", pl.lit(column).alias("column"), "detail")
        )
    return pl.concat(parts)
