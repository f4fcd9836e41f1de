"""Rules of a price table in pandera's polars backend: python pandera_rules.py FILE."""

import sys
import time

import pandera.polars as pa
import polars as pl


def price() -> pa.Column:
    """A price: a number above zero."""
    return pa.Column(float, [pa.Check.gt(0)], nullable=False)


def ordered(data: pa.PolarsData) -> pl.LazyFrame:
    """Time increases within each ticker."""
    return data.lazyframe.select(
        (pl.col("date").diff().over("ticker").dt.total_days() > 0).fill_null(True)
    )


def ranged(data: pa.PolarsData) -> pl.LazyFrame:
    """Open and close lie between low and high."""
    top, bottom = pl.max_horizontal("open", "close"), pl.min_horizontal("open", "close")
    return data.lazyframe.select((pl.col("high") >= top) & (pl.col("low") <= bottom))


schema = pa.DataFrameSchema(
    {
        "ticker": pa.Column(str, nullable=False),
        "date": pa.Column(pl.Date, nullable=False),
        **{name: price() for name in ("open", "high", "low", "close")},
        "volume": pa.Column(float, pa.Check.ge(0), nullable=False),
    },
    checks=[pa.Check(ordered), pa.Check(ranged)],
    unique=["ticker", "date"],
)
table = pl.read_parquet(sys.argv[1])
begun = time.perf_counter()
schema.validate(table, lazy=True)
print(time.perf_counter() - begun)
