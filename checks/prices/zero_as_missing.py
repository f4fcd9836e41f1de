"""PRC002 zero-as-missing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from checks.prices.nonpositive import bars_within, nonpositive
from checks.prices.wording import plural
from checks.prices.zeros import split
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
    """`runs` of prices of zero and below by ticker and column, and the number of tickers."""
    import polars as pl

    return {"runs": nonpositive(bars), "tickers": pl.DataFrame({"count": [len(bars.starts)]})}


@check(
    code="PRC002",
    name="zero-as-missing",
    component="data",
    playbook="market-data",
    limits=(
        Limit(
            "zero_cells",
            "prices",
            "above",
            "prices of zero that stand for missing ones",
            "nothing trades at zero; measured: none in 703,748 bars of ten published files",
            warn=0,
        ),
        Limit(
            "zero_closes",
            "prices",
            "above",
            "those of them that are closes or adjusted closes",
            "a return to zero is -100 % and the next one infinite",
            fail=0,
        ),
    ),
    profiles=("quick", "pre-train", "full"),
    gather=gather,
)
def zero_as_missing(prices: PriceTable, found: Gathered) -> Outcome:
    """Zeros stand where prices are missing.

    What it measures:
        Prices of exactly zero that come in blocks: three or more in a row in one column of a
        ticker, two or more at an end of its life, a twentieth of its bars, or on one date for
        many tickers. Single zeros belong to non-positive-price. Series whose own steps reach
        zero, such as yields, spreads and returns, are not judged.

    Why it matters:
        Returns into a zero are -100 %, out of it infinite; a zero open makes every gap and range
        feature absurd. Averages and scalers take the zeros for prices, and no check of missing
        values sees them.

    What to do:
        Read zero prices as missing when the file is loaded, then treat them as such: drop the
        bars before a listing and after a delisting, and fetch the others anew. Do not build on
        a column that the vendor fills with zeros.

    Sources:
        Vendors deliver opens of zero for years in which they had none, and wide panels are
        filled with zeros before a listing. The allowances follow from the project's trials.
    """
    import polars as pl

    if not any(c != "volume" for c in prices.columns if c not in ("ticker", "time")):
        return NotMeasured("has no prices")
    if not prices.rows:
        return NotMeasured("holds no bars")
    blocks, _ = split(found["runs"], int(found["tickers"]["count"].sum()))
    cells = int(blocks["bars"].sum())
    closes = pl.col("column").is_in(["close", "adj_close"])
    values = {"zero_cells": cells, "zero_closes": int(blocks.filter(closes)["bars"].sum())}
    if not cells:
        return Measurement(f"No zeros for missing prices in {plural(prices.rows, 'bar')}", values)
    tickers = blocks["ticker"].n_unique()
    columns = ", ".join(blocks["column"].unique(maintain_order=True))
    return Measurement(
        f"{plural(cells, 'price')} of zero in {columns} of {plural(tickers, 'ticker')}",
        values,
        _evidence(blocks),
        rows=lambda: bars_within(prices, blocks),
    )


def _evidence(blocks: pl.DataFrame) -> tuple[Evidence, ...]:
    import polars as pl

    worst = (
        blocks.group_by("ticker", "column", maintain_order=True)
        .agg(
            pl.col("bars").sum(),
            pl.col("of").first(),
            pl.col("start").min(),
            pl.col("end").max(),
        )
        .sort("bars", descending=True, maintain_order=True)
        .head(5)
    )
    return tuple(
        Evidence(
            f"zeros in {row['column']}",
            row["bars"],
            f"of {row['of']:,} bars",
            f"{row['ticker']} {row['start']} to {row['end']}",
        )
        for row in worst.to_dicts()
    )
