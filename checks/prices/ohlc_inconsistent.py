"""PRC004 ohlc-inconsistent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from checks.prices.wording import plural
from ml_debugger.artifacts import PriceTable
from ml_debugger.contract import Evidence, Limit, Measurement, NotMeasured, Outcome, Scan, check

if TYPE_CHECKING:
    import polars as pl

TOLERANCE = 2e-5
"""Relative; prices that went through float32 or an adjustment factor are off by up to 1e-6."""

LEAST_GROSS = 0.005
"""Relative; a table of flat bars has a usual range of zero."""


def _outside(prices: PriceTable) -> pl.Expr | None:
    """Bars whose range is impossible; zeros stand for missing prices and are no range."""
    import polars as pl

    have = prices.ohlc
    if "high" not in have or "low" not in have:
        return None
    high, low = pl.col("high"), pl.col("low")
    broken = high < low * (1 - TOLERANCE)
    for column in ("open", "close"):
        if column in have:
            price = pl.col(column)
            beyond = (price > high * (1 + TOLERANCE)) | (price < low * (1 - TOLERANCE))
            broken = broken | (beyond & (price > 0) & price.is_finite())
    sound = (high > 0) & (low > 0) & high.is_finite() & low.is_finite()
    return (broken & sound).fill_null(False)


def ask(prices: PriceTable) -> Mapping[str, pl.Expr]:
    """The number of impossible bars, and of those that can be judged."""
    import polars as pl

    outside = _outside(prices)
    if outside is None:
        return {}
    priced = (pl.col("high") > 0) & (pl.col("low") > 0)
    return {"outside": outside.sum(), "priced": priced.sum()}


@check(
    code="PRC004",
    name="ohlc-inconsistent",
    component="data",
    playbook="market-data",
    limits=(
        Limit(
            "inconsistent_bars",
            "bars",
            "above",
            "bars with high below low, or open or close outside the range",
            "high and low are extremes by definition; measured: 12 in 619,040 bars of a "
            "published file, none in 28,572 bars of four other files",
            warn=0,
        ),
        Limit(
            "gross_share",
            "share",
            "above",
            "share of bars with high below low, or off by more than the usual range of a bar",
            "small contradictions are a habit of some listings (London small caps: up to half "
            "of the bars); gross ones in one of a thousand bars: columns swapped or half adjusted",
            fail=0.001,
        ),
    ),
    profiles=("quick", "pre-train", "full"),
    ask=ask,
)
def ohlc_inconsistent(prices: PriceTable, scan: Scan) -> Outcome:
    """Bars contradict themselves.

    What it measures:
        Bars whose high is below the low, or whose open or close lies outside the range, by more
        than 2e-5 of the price. Differences within what float32 and adjustment factors leave are
        not counted, and neither are prices of zero, which stand for missing ones. Contradictions
        are gross when they are larger than the usual range of a bar in this table.

    Why it matters:
        Ranges feed ATR, stochastic and stop-loss simulation. If the share is large, the columns
        are swapped, or only the close was adjusted for splits and dividends.

    What to do:
        Look at the named bars in a second source. If all bars before a date are affected, adjust
        open, high and low by the factor of the close as well.

    Sources:
        Follows from the definition of a bar.
    """
    if "outside" not in scan:
        return NotMeasured("has no high and low")
    total = scan.count("priced")
    if not total:
        return NotMeasured("holds no bar with a high and a low above zero")
    count = scan.count("outside")
    values = {"inconsistent_bars": count, "gross_share": 0.0}
    if not count:
        return Measurement(f"Ranges hold in {plural(total, 'bar')}", values)
    values["gross_share"] = _gross(prices) / total
    return Measurement(
        f"Impossible range in {plural(count, 'bar')} of {total:,}",
        values,
        _evidence(prices),
        rows=lambda: _rows(prices),
    )


def _gross(prices: PriceTable) -> int:
    """Bars with high below low, or that are off by more than the median range of the table."""
    import polars as pl

    high, low = pl.col("high"), pl.col("low")
    ranges = (high / low - 1).filter((low > 0) & high.is_finite())
    usual = prices.frame.select(ranges.median()).collect(engine="streaming").item()
    allowed = 1 + max(usual or 0.0, LEAST_GROSS)
    gross = (high < low * (1 - TOLERANCE)).fill_null(False)
    for column in ("open", "close"):
        if column in prices.ohlc:
            price = pl.col(column)
            beyond = (price > high * allowed) | (price > 0) & (low > price * allowed)
            gross = gross | beyond.fill_null(False)
    outside = _outside(prices)
    assert outside is not None
    counted = prices.frame.filter(outside).select(gross.sum())
    return int(counted.collect(engine="streaming").item())


def _rows(prices: PriceTable) -> pl.DataFrame:
    import polars as pl

    outside = _outside(prices)
    assert outside is not None
    bar = pl.format(" ".join(f"{c} {{}}" for c in prices.ohlc), *prices.ohlc).alias("detail")
    found = prices.frame.filter(outside).collect(engine="streaming")
    # putting cells into words panics on columns whose chunks differ (polars 2.1)
    return found.rechunk().select("ticker", "time", bar)


def _evidence(prices: PriceTable) -> tuple[Evidence, ...]:
    outside = _outside(prices)
    assert outside is not None
    rows = prices.frame.filter(outside).head(4).collect(engine="streaming")
    return tuple(
        Evidence(
            "bar",
            ", ".join(f"{c} {row[c]:g}" for c in prices.ohlc if row[c] is not None),
            where=f"{row['ticker']} {row['time']}",
        )
        for row in rows.to_dicts()
    )
