"""Which rows of a feature table its sample holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ml_debugger.artifacts import FeatureTable
from ml_debugger.contract import Sample
from ml_debugger.contract.sample import SERIES_ROWS, SPREAD_ROWS

if TYPE_CHECKING:
    import polars as pl

ROW = "\x1frow"


@dataclass(frozen=True)
class Sampling:
    """The two queries of a sample, to be collected together with others over the same table."""

    table: FeatureTable
    step: int
    spread: pl.LazyFrame
    series: pl.LazyFrame

    @classmethod
    def of(cls, table: FeatureTable) -> Sampling:
        """Plan the sample of a table; reads no more than its ticker column."""
        import polars as pl

        step = -(-table.rows // SPREAD_ROWS) or 1
        if step == 1:
            return cls(table, 1, table.frame, table.frame)
        numbered = table.frame.with_row_index(ROW)
        spread = numbered.filter(pl.col(ROW) % step == 0).drop(ROW)
        return cls(table, step, spread, _series(table))

    def sample(self, spread: pl.DataFrame, series: pl.DataFrame) -> Sample:
        """The sample from what the queries brought."""
        keys = [key for key in (self.table.ticker, self.table.time) if key is not None]
        ordered = series.sort(keys, maintain_order=True) if keys else series
        return Sample(spread, self.step, ordered)


def _series(table: FeatureTable) -> pl.LazyFrame:
    """Whole tickers at even distances in the alphabet, or the end of the one series."""
    import polars as pl

    if table.ticker is None:
        return table.frame.tail(SERIES_ROWS)
    ticker = pl.col(table.ticker)
    counts = table.frame.group_by(ticker).agg(pl.len().alias("rows")).drop_nulls().sort(ticker)
    fitting = counts.filter(pl.col("rows") <= SERIES_ROWS).collect(engine="streaming")
    if fitting.is_empty():
        first = table.frame.select(ticker.drop_nulls().first()).collect(engine="streaming").item()
        return table.frame.filter(ticker == first).tail(SERIES_ROWS)
    every = max(1, -(-int(fitting["rows"].sum()) // SERIES_ROWS))
    chosen = fitting.gather_every(every)
    kept = chosen.filter(pl.col("rows").cum_sum() <= SERIES_ROWS)
    return table.frame.filter(ticker.is_in((kept if len(kept) else chosen[:1])[table.ticker]))
