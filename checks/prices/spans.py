"""The bars inside spans of time that a check has found."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl


def within(bars: pl.LazyFrame, spans: pl.DataFrame) -> pl.DataFrame:
    """The bars (`ticker`, `time` ...) from `start` to `end` of the spans of their ticker.

    `spans` has `ticker`, `start`, `end` and what is to be said of their bars; those of one
    ticker do not overlap. Sorted by ticker and time.
    """
    import polars as pl

    return (
        bars.join(spans.lazy().select("ticker").unique(), on="ticker", how="semi")
        .sort("time")
        .join_asof(
            spans.sort("start").lazy(),
            left_on="time",
            right_on="start",
            by="ticker",
            # sorted by time as a whole, which polars cannot see from the groups
            check_sortedness=False,
        )
        .filter(pl.col("time") <= pl.col("end"))
        .drop("start", "end")
        .sort("ticker", "time")
        .collect(engine="streaming")
    )
