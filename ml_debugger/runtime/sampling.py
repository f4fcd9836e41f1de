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
    """The one query of a sample, to be collected together with others over the same table.

    `rows` numbers the rows in ROW and keeps those that are spread over the table or in a series.
    """

    table: FeatureTable
    step: int
    rows: pl.LazyFrame
    in_series: pl.Expr

    @classmethod
    def of(cls, table: FeatureTable) -> Sampling:
        """Plan the sample of a table; reads no more than its ticker column."""
        import polars as pl

        step = -(-table.rows // SPREAD_ROWS) or 1
        numbered = table.frame.with_row_index(ROW)
        if step == 1:
            return cls(table, 1, numbered, pl.lit(value=True))
        in_series = _series(table)
        kept = numbered.filter((pl.col(ROW) % step == 0) | in_series)
        return cls(table, step, kept, in_series)

    def sample(self, rows: pl.DataFrame) -> Sample:
        """The sample from what the query brought."""
        import polars as pl

        keys = [key for key in (self.table.ticker, self.table.time) if key is not None]
        series = rows.filter(self.in_series).drop(ROW).tail(SERIES_ROWS)
        ordered = series.sort(keys, maintain_order=True) if keys else series
        return Sample(rows.filter(pl.col(ROW) % self.step == 0).drop(ROW), self.step, ordered)


def _series(table: FeatureTable) -> pl.Expr:
    """Whole tickers at even distances in the alphabet, or the end of the one series."""
    import polars as pl

    if table.ticker is None:
        return pl.col(ROW) >= table.rows - SERIES_ROWS
    ticker = pl.col(table.ticker)
    counts = table.frame.group_by(ticker).agg(pl.len().alias("rows")).drop_nulls().sort(ticker)
    known = counts.collect(engine="streaming")
    fitting = known.filter(pl.col("rows") <= SERIES_ROWS)
    if fitting.is_empty():
        end = table.frame.select(ticker).tail(SERIES_ROWS).collect(engine="streaming").to_series()
        # whole tickers in turn, or all tickers at each time
        among = 1 if end.n_unique() == 1 else known.height
        last: pl.Expr = ticker == end[-1]
        return last & (pl.col(ROW) >= table.rows - SERIES_ROWS * among)
    every = max(1, -(-int(fitting["rows"].sum()) // SERIES_ROWS))
    chosen = fitting.gather_every(every)
    kept = chosen.filter(pl.col("rows").cum_sum() <= SERIES_ROWS)
    return ticker.is_in((kept if len(kept) else chosen[:1])[table.ticker].implode())
