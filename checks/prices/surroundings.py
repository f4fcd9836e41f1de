"""What stands around a few bars of interest, so that millions of ordinary ones stay unread."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

    from ml_debugger.artifacts import Bars


def around(bars: Bars, at: pl.Series, before: int, after: int) -> pl.DataFrame:
    """The bars of the same ticker from `before` bars ahead of each row in `at` to `after` behind.

    Columns: `at` (the row in the middle), `offset` (0 there), `row`, `growth`, and those of the
    bars. A bar stands once for each row that it surrounds.
    """
    import polars as pl

    rows = (
        pl.DataFrame({"at": at.cast(pl.Int64)})
        .with_columns(offset=pl.lit(list(range(-before, after + 1))))
        .explode("offset")
        .with_columns(row=pl.col("at") + pl.col("offset"))
        .filter(pl.col("row").is_between(0, bars.frame.height - 1))
    )
    number = bars.number
    same = number.gather(rows["row"]) == number.gather(rows["at"])
    rows = rows.filter(same)
    found = bars.frame[rows["row"]]
    if bars.growth is not None:
        found = found.with_columns(bars.growth.gather(rows["row"]))
    return pl.concat([rows, found], how="horizontal")
