"""PRC003 non-positive-price."""

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
    code="PRC003",
    name="non-positive-price",
    component="data",
    playbook="market-data",
    limits=(
        Limit(
            "bad_prices",
            "prices",
            "above",
            "prices of zero or below outside blocks of zeros",
            "nobody gives a share away; the logarithm of such a price does not exist",
            fail=0,
        ),
    ),
    profiles=("quick", "pre-train", "full"),
    gather=gather,
)
def non_positive_price(prices: PriceTable, found: Gathered) -> Outcome:
    """A price is zero or below.

    What it measures:
        Prices of zero or below, by column, outside the blocks of zeros that zero-as-missing
        names. Series that may be so by right are not judged: those whose own steps reach zero
        (yields, spreads, returns, back-adjusted futures), those that stay below zero for long,
        and bars that cross zero within their own range, as crude oil did on 2020-04-20.

    Why it matters:
        A log return of it is not a number, a simple return is -100 % or worse and the next one
        has the wrong sign. One such value is enough for a loss of NaN.

    What to do:
        Fetch the bar anew. A price that has only lost its sign is a fault of a parser; a price
        of -1 or -999 is a code for missing. If adjusted closes fall below zero, a dividend in
        the history is wrong: adjust anew.

    Sources:
        The settlement of crude oil at -37.63 dollars on 2020-04-20 (CME) is the genuine case.
    """
    if not any(c != "volume" for c in prices.columns if c not in ("ticker", "time")):
        return NotMeasured("has no prices")
    if not prices.rows:
        return NotMeasured("holds no bars")
    _, wrong = split(found["runs"], int(found["tickers"]["count"].sum()))
    count = int(wrong["bars"].sum())
    values = {"bad_prices": count}
    if not count:
        return Measurement(f"No wrong price of zero or below in {prices.rows:,} bars", values)
    tickers = wrong["ticker"].n_unique()
    return Measurement(
        f"{plural(count, 'price')} of zero or below in {plural(tickers, 'ticker')}",
        values,
        tuple(
            Evidence(row["column"], row["price"], where=f"{row['ticker']} {row['start']}")
            for row in wrong.head(5).to_dicts()
        ),
        rows=lambda: bars_within(prices, wrong),
    )
