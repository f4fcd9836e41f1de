"""A large price table is walked in parts that hold whole tickers, in order."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_debugger.artifacts import PriceTable, tables


def table(tickers: list[str]) -> PriceTable:
    """One bar a mention, in the order of the mentions, times falling."""
    n = len(tickers)
    frame = pl.DataFrame(
        {"ticker": tickers, "time": range(n, 0, -1), "close": [float(i) for i in range(n)]},
        schema={"ticker": pl.String, "time": pl.Int64, "close": pl.Float64},
    ).with_columns(pl.col("time").cast(pl.Datetime("us")))
    return PriceTable("p", None, frame.lazy(), {"close": "close"}, n)


@given(st.lists(st.sampled_from(["A", "AA", "B", "Z", "a", "é"]), min_size=1, max_size=40))
def test_parts_hold_every_bar_once_with_whole_tickers_in_order(tickers: list[str]) -> None:
    prices = table(tickers)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tables, "PART_BARS", 7)
        parts = [part.frame for part in prices.parts()]
    together = pl.concat(parts)
    assert together.equals(prices.bars)
    seen = [set(part["ticker"]) for part in parts]
    assert sum(map(len, seen)) == len(set(tickers))


def test_bars_know_their_tickers_by_number() -> None:
    (part,) = table(["B", "A", "B", "A", "C"]).parts()
    assert part.frame["ticker"].to_list() == ["A", "A", "B", "B", "C"]
    assert part.same.to_list() == [False, True, False, True, False]
    assert part.number.to_list() == [0, 0, 1, 1, 2]
