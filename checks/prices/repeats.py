"""Runs of bars that repeat the one before, with what each ticker's own history makes usual."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

    from ml_debugger.artifacts import Bars

LEAST = 2
"""Repeats in a row that are looked at: three equal bars."""
RANK = 6
"""The sixth longest run of a ticker tells how long its runs are when nothing is stuck."""
NEAR = 125
"""Bars on each side of a run that show the ticker's habit at that time: half a year."""
FIRST = 1_000
"""Bars that show whether a table is intraday."""
FILLED, CROWD = 0.9, 3
"""Share of the tickers of a date, three at least, that repeat on a date filled forward."""


def repeats(bars: Bars) -> Mapping[str, pl.DataFrame]:
    """`runs` of equal bars and of equal closes, and how many bars were `compared`.

    `runs` has `ticker`, `kind` (bars or closes), `start` (the first of the equal bars), `end`,
    `length` (repeats), `habit` (share of repeats in the ticker outside the run), `nearby` (the
    same around the run), `long` (repeats in its sixth longest run) and `changes` (bars of the
    ticker that differ from the one before) and `of` (bars of the ticker).
    """
    import polars as pl

    growth = bars.growth
    if growth is None:
        return {}
    silent = _silent(bars)
    still = (growth == 1.0) & bars.same
    if silent is not None:
        still = still & ~silent
    rows = still.fill_null(False).arg_true()
    rows = rows.filter(~_filled(bars, rows))
    compared = bars.frame.height - len(bars.starts)
    lives = _lives(bars, silent)
    found = [_runs(bars, rows, lives, "closes")]
    if len(bars.ohlc) == 4:
        equal = pl.all_horizontal(pl.col(c) == pl.col(f"{c} before") for c in bars.ohlc)
        here = bars.frame.select(bars.ohlc)[rows]
        before = bars.frame.select(bars.ohlc)[rows.cast(pl.Int64) - 1]
        both = pl.concat([here, before.rename(lambda c: f"{c} before")], how="horizontal")
        alike = both.select(equal.fill_null(False)).to_series()
        found.append(_runs(bars, rows.filter(alike), lives, "bars"))
    return {"runs": pl.concat(found), "compared": pl.DataFrame({"bars": [compared]})}


def _silent(bars: Bars) -> pl.Series | None:
    """Bars without volume; in tickers that never have any this says nothing."""
    import polars as pl

    if "volume" not in bars.names:
        return None
    volume = pl.col("volume")
    without = bars.frame.select(((volume > 0).not_() | volume.is_nan()).fill_null(True)).to_series()
    if not without.any():
        return None
    first = bars.starts.cast(pl.Int64)
    summed = pl.concat([pl.Series([0], dtype=pl.UInt32), without.cast(pl.UInt32).cum_sum()])
    last = first.shift(-1, fill_value=bars.frame.height)
    never = (summed.gather(last) - summed.gather(first)).cast(pl.Int64) >= (last - first)
    return without & ~never.gather(bars.number)


def _filled(bars: Bars, rows: pl.Series) -> pl.Series:
    """Those of the repeating rows that stand on a date on which nearly all tickers repeat."""
    import polars as pl

    times = bars.frame["time"].gather(rows).alias("time")
    if len(bars.starts) < CROWD or not len(rows):
        return pl.repeat(False, len(rows), dtype=pl.Boolean, eager=True)
    crowds = times.to_frame().group_by("time").len("repeats").filter(pl.col("repeats") >= CROWD)
    # a date on which few of the tickers repeat cannot be filled, unless few of them trade
    crowds = crowds.filter(pl.col("repeats") >= 0.2 * len(bars.starts))
    living = bars.frame.select("time").join(crowds, on="time", how="semi").group_by("time").len()
    filled = crowds.join(living, on="time").filter(pl.col("repeats") >= FILLED * pl.col("len"))
    return times.is_in(filled["time"].implode())


def _lives(bars: Bars, silent: pl.Series | None) -> pl.DataFrame:
    """For each ticker its number, first row, last row, and the bars that can repeat."""
    import polars as pl

    first = bars.starts.cast(pl.Int64)
    stop = first.shift(-1, fill_value=bars.frame.height)
    lives = pl.DataFrame({"first": first, "stop": stop, "able": stop - first - 1}).with_row_index(
        "number"
    )
    if silent is None:
        return lives
    rows = silent.arg_true()
    without = bars.number.gather(rows).to_frame().group_by("number").len("silent")
    return lives.join(without, on="number", how="left", maintain_order="left").with_columns(
        (pl.col("able") - pl.col("silent").fill_null(0).cast(pl.Int64)).clip(lower_bound=0)
    )


def _intraday(bars: Bars) -> bool:
    """Whether most of the first bars stand less than half a day after the one before."""
    import polars as pl

    times = bars.frame["time"].head(FIRST)
    if not isinstance(times.dtype, pl.Datetime) or not bars.dated:
        return False
    step = times.diff().median()
    return isinstance(step, timedelta) and step < timedelta(hours=12)


def _runs(bars: Bars, rows: pl.Series, lives: pl.DataFrame, kind: str) -> pl.DataFrame:
    """Runs in the repeating rows, and each ticker's habit."""
    import polars as pl

    at = rows.cast(pl.Int64)
    marked = pl.DataFrame({"row": at, "number": bars.number.gather(rows)})
    broken = pl.col("row").diff() != 1
    if _intraday(bars):
        marked = marked.with_columns(bars.frame["time"].gather(rows).dt.date().alias("date"))
        broken = broken | (pl.col("date") != pl.col("date").shift())
    runs = (
        # a ticker's first bar repeats nothing, so a run never reaches into the next ticker
        marked.with_columns(run=broken.fill_null(True).cum_sum())
        .group_by("run", maintain_order=True)
        .agg(
            pl.col("number").first(), pl.col("row").first(), pl.len().cast(pl.Int64).alias("length")
        )
    )
    habits = runs.group_by("number").agg(
        pl.col("length").sum().alias("repeats"),
        pl.when(pl.len() >= RANK)
        .then(pl.col("length").top_k(RANK).min())
        .otherwise(0)
        .alias("long"),
    )
    runs = (
        runs.filter(pl.col("length") >= LEAST)
        .join(habits, on="number", maintain_order="left")
        .join(lives, on="number", maintain_order="left")
    )
    outside = pl.col("repeats") - pl.col("length")
    stop = pl.col("row") + pl.col("length")
    runs = runs.with_columns(
        ((outside + 1) / (pl.col("able") - pl.col("length") + 2)).alias("habit"),
        pl.max_horizontal("first", pl.col("row") - NEAR).alias("from"),
        pl.min_horizontal("stop", stop + NEAR).alias("to"),
        (pl.col("able") - pl.col("repeats")).alias("changes"),
    )
    # how many repeating rows lie in a span, by their places in the sorted rows
    span = at.search_sorted(runs["to"], side="left") - at.search_sorted(runs["from"], side="left")
    width = pl.col("to") - pl.col("from") - pl.col("length")
    nearby = (span.cast(pl.Int64) - runs["length"] + 1).alias("near")
    runs = runs.with_columns(nearby).with_columns(
        (pl.col("near") / (width + 2)).alias("nearby"), stop.alias("end") - 1
    )
    return runs.select(
        bars.frame["ticker"].gather(runs["row"]).alias("ticker"),
        pl.lit(kind).alias("kind"),
        bars.frame["time"].gather(runs["row"] - 1).alias("start"),
        bars.frame["time"].gather(runs["end"]).alias("end"),
        "length",
        "habit",
        "nearby",
        "long",
        "changes",
        (pl.col("stop") - pl.col("first")).alias("of"),
    )
