"""PRC001 missing-values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from checks.prices.wording import plural
from ml_debugger.artifacts import PriceTable
from ml_debugger.contract import Evidence, Limit, Measurement, NotMeasured, Outcome, Scan, check

if TYPE_CHECKING:
    import polars as pl

PRICES = ("open", "high", "low", "close", "adj_close")


def _columns(prices: PriceTable) -> tuple[str, ...]:
    return tuple(c for c in (*PRICES, "volume") if c in prices.columns)


def ask(prices: PriceTable) -> Mapping[str, pl.Expr]:
    """Counts of cells that hold no number, by column, and of those among them that are infinite."""
    import polars as pl

    columns = _columns(prices)
    lacking = {c: (pl.col(c).is_null() | ~pl.col(c).is_finite()).sum() for c in columns}
    return lacking | {f"{c} infinite": pl.col(c).is_infinite().sum() for c in columns}


@check(
    code="PRC001",
    name="missing-values",
    component="data",
    playbook="market-data",
    limits=(
        Limit(
            "missing_bars",
            "bars",
            "above",
            "bars inside a ticker's life that lack a price or a volume",
            "a complete vendor file has none; measured: 11 in 619,040 bars of a published file",
            warn=0,
        ),
        Limit(
            "worst_ticker_share",
            "share",
            "above",
            "share of such bars in the ticker that has most of them, if they are three or more",
            "two sessions a year: more is a pattern and no accident",
            fail=0.01,
        ),
    ),
    profiles=("quick", "pre-train", "full"),
    ask=ask,
)
def missing_values(prices: PriceTable, scan: Scan) -> Outcome:
    """Prices or volumes are missing.

    What it measures:
        Bars whose open, high, low, close, adjusted close or volume is null, NaN or infinite,
        inside a ticker's life: empty rows before its first and after its last price do not
        count. A column that is empty throughout for a ticker (volume of an index or a currency)
        is what the vendor does not have, and does not count either.

    Why it matters:
        Indicators spread a gap over their whole window, joins drop rows, and a filled price
        is a return of zero that never was. A network that meets one NaN has a loss of NaN.

    What to do:
        Fetch the named ticker and period anew. Where the source has no value, drop the bar;
        do not fill backwards, which copies the future into the past.

    Sources:
        The project's record (data validation: null values by column). The counts are exact.
    """
    columns = _columns(prices)
    if not prices.rows or not columns:
        return NotMeasured("holds no bars")
    if not any(scan.count(c) for c in columns):
        return Measurement(
            f"No missing value in {plural(prices.rows, 'bar')}",
            {"missing_bars": 0, "worst_ticker_share": 0},
        )
    by_ticker = _by_ticker(prices, columns)
    total = sum(row["bars"] for row in by_ticker)
    if not total:
        return Measurement(
            "No missing value inside any ticker's life",
            {"missing_bars": 0, "worst_ticker_share": 0},
        )
    shares = [row["bars"] / row["life"] for row in by_ticker if row["bars"] > 2]
    infinite = {c: scan.count(f"{c} infinite") for c in columns}
    empty = {c: scan.count(c) - infinite[c] for c in columns}
    endless = sum(infinite.values())
    said = f"; {plural(endless, 'cell')} infinite" if endless else ""
    return Measurement(
        f"Values missing in {plural(total, 'bar')} of {plural(len(by_ticker), 'ticker')}{said}",
        {"missing_bars": total, "worst_ticker_share": max(shares, default=0.0)},
        (
            *(
                Evidence(f"{what} cells by column", ", ".join(parts))
                for what, cells in (("empty", empty), ("infinite", infinite))
                if (parts := [f"{c} {n:,}" for c, n in cells.items() if n])
            ),
            *(Evidence("bars", row["bars"], "bars", _where(row)) for row in by_ticker[:4]),
        ),
        rows=lambda: _rows(prices, columns),
    )


def _rows(prices: PriceTable, columns: tuple[str, ...]) -> pl.DataFrame:
    """One row a bar that lacks something."""
    import polars as pl

    bars, lacking = _inside(prices, columns)
    names = [pl.when(lacks).then(pl.lit(c)) for c, lacks in lacking.items()]
    return (
        bars.filter(pl.any_horizontal(lacking.values()))
        .select(
            "ticker",
            "time",
            pl.concat_str(names, separator=" ", ignore_nulls=True).alias("column"),
            pl.when(pl.any_horizontal(pl.col(c).is_infinite().fill_null(False) for c in columns))
            .then(pl.lit("infinite"))
            .otherwise(pl.lit("missing"))
            .alias("detail"),
        )
        .collect(engine="streaming")
    )


def _by_ticker(prices: PriceTable, columns: tuple[str, ...]) -> list[dict[str, Any]]:
    """Tickers with missing bars, most first: bars, life (bars), first and last time."""
    import polars as pl

    bars, lacking = _inside(prices, columns)
    lacks = pl.any_horizontal(lacking.values())
    rows = (
        bars.group_by("ticker")
        .agg(
            lacks.sum().alias("bars"),
            pl.len().alias("life"),
            pl.col("time").filter(lacks).min().alias("first"),
            pl.col("time").filter(lacks).max().alias("last"),
        )
        .filter(pl.col("bars") > 0)
        .sort("bars", "ticker", descending=[True, False])
        .collect(engine="streaming")
    )
    return rows.to_dicts()


def _inside(
    prices: PriceTable, columns: tuple[str, ...]
) -> tuple[pl.LazyFrame, dict[str, pl.Expr]]:
    """Bars inside their ticker's life, and by column whether it should be there and is not."""
    import polars as pl

    keyed = [c for c in columns if c != "volume"] or list(columns)
    empty = {c: pl.col(c).is_null() | ~pl.col(c).is_finite() for c in columns}
    priced = ~pl.all_horizontal(empty[c] for c in keyed)
    life = (
        prices.frame.group_by("ticker")
        .agg(
            pl.col("time").filter(priced).min().alias("start"),
            pl.col("time").filter(priced).max().alias("end"),
            *((~empty[c]).mean().alias(f"{c} filled") for c in columns),
        )
        .drop_nulls("start")
    )
    inside = prices.frame.join(life, on="ticker").filter(
        pl.col("time").is_between(pl.col("start"), pl.col("end"))
    )
    # a tenth filled is a column that the vendor has at times, which is another fault
    return inside, {c: empty[c] & (pl.col(f"{c} filled") > 0.1) for c in columns}


def _where(row: Mapping[str, object]) -> str:
    first, last = row["first"], row["last"]
    return f"{row['ticker']} {first}" if first == last else f"{row['ticker']} {first} to {last}"
