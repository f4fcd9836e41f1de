"""The clock of intraday bars: whether the session keeps its hours, in one zone, at all times."""

from __future__ import annotations

from typing import TYPE_CHECKING

from checks.prices.stamps import ZONES

if TYPE_CHECKING:
    import polars as pl

ROUND_THE_CLOCK = 1_140
"""Minutes of a session from which on its hours show no zone."""
LEAST_DAYS = 10
SAME = 10
"""Minutes by which first and last bar of a session may differ from the usual."""
LEAST_MOVED = 3
"""Days that must have moved by the same whole hours, first and last bar alike."""
AT_ONCE = 0.5
"""Share of days that must keep the hours, or nothing is said of those that do not."""

LOCAL, IN_UTC = "fixed", "summer time"


def hours(days: pl.DataFrame) -> pl.DataFrame:
    """What the hours of each ticker are, and on which days they stand whole hours off.

    `days` has `id`, `ticker`, `day`, its number of `bars`, and the `first` and `last` minute of
    them on the clock of the file. `zone` is that whose summer time the hours follow, empty where
    they are fixed; `moved` lists the days that stand whole hours off, with `moved_bars` bars,
    usually `by` so many minutes. `first`, `last` are the usual hours, `begin`, `end` the days seen.
    """
    import polars as pl

    sized = days.filter((pl.col("last") - pl.col("first")).median().over("id") < ROUND_THE_CLOCK)
    sized = sized.filter(pl.len().over("id") >= LEAST_DAYS)
    if sized.is_empty():
        return pl.DataFrame(
            schema={
                "ticker": pl.String,
                "zone": pl.String,
                "first": pl.Float64,
                "last": pl.Float64,
                "days": pl.UInt32,
                "bars": pl.Int64,
                "begin": pl.Date,
                "end": pl.Date,
                "keeping": pl.UInt32,
                "moved": pl.List(pl.Date),
                "moved_bars": pl.Int64,
                "by": pl.Float64,
            }
        )
    noon = pl.col("day").cast(pl.Datetime("us")).dt.offset_by("12h").dt.replace_time_zone("UTC")
    ways = []
    for zone in ("", *ZONES):
        offset = pl.lit(0)
        if zone:
            there = noon.dt.convert_time_zone(zone)
            offset = (there.dt.base_utc_offset() + there.dt.dst_offset()).dt.total_minutes()
        ways.append(_held_against(sized, zone, offset))
    # fixed hours come first among equals: a zone is only named where its summer time explains
    return (
        pl.concat(ways)
        .sort("ticker", "lost", maintain_order=True)
        .unique("id", keep="first", maintain_order=True)
        .filter(pl.col("keeping") >= AT_ONCE * pl.col("days"))
        .drop("id", "lost")
    )


def _held_against(days: pl.DataFrame, zone: str, offset: pl.Expr) -> pl.DataFrame:
    """The usual hours on the clock of a zone, and the days that stand off by whole hours."""
    import polars as pl

    inside = days.with_columns(
        (pl.col("first") + offset).cast(pl.Float64), (pl.col("last") + offset).cast(pl.Float64)
    ).with_columns(
        pl.col("first").mode().min().over("id").alias("usual_first"),
        pl.col("last").mode().min().over("id").alias("usual_last"),
    )
    early, late = (pl.col(c) - pl.col(f"usual_{c}") for c in ("first", "last"))
    hour = ((early / 30).round() * 30).alias("by")
    moved = (early.abs() >= 55) & ((early - late).abs() <= SAME) & ((early - hour).abs() <= SAME)
    return (
        inside.with_columns(hour, moved.alias("off"))
        .group_by("id", maintain_order=True)
        .agg(
            pl.col("ticker").first(),
            pl.lit(zone).first().alias("zone"),
            pl.col("usual_first").first().alias("first"),
            pl.col("usual_last").first().alias("last"),
            pl.len().alias("days"),
            pl.col("bars").sum(),
            pl.col("day").min().alias("begin"),
            pl.col("day").max().alias("end"),
            ((early.abs() <= SAME) | (late.abs() <= SAME)).sum().alias("keeping"),
            pl.col("day").filter("off").alias("moved"),
            pl.col("bars").filter("off").sum().alias("moved_bars"),
            pl.col("by").filter("off").median().alias("by"),
            pl.col("off").sum().alias("lost"),
        )
    )


def two_clocks(hours: pl.DataFrame) -> list[tuple[str, str, float, float]]:
    """Tickers of fixed hours beside tickers that keep the same hours in a zone with summer time.

    The first stand on the clock of that zone, the others in UTC. Returns ticker of the fewer
    kind, the zone, and the hours.
    """
    import polars as pl

    fixed = hours.filter(pl.col("zone") == "")
    found: list[tuple[str, str, float, float]] = []
    for (zone, first, last), shifting in hours.filter(pl.col("zone") != "").group_by(
        "zone", "first", "last", maintain_order=True
    ):
        assert isinstance(first, float)
        assert isinstance(last, float)
        same = fixed.filter(
            ((pl.col("first") - first).abs() <= SAME) & ((pl.col("last") - last).abs() <= SAME)
        )
        if same.is_empty():
            continue
        fewer = same if same.height <= shifting.height else shifting
        found += [(ticker, str(zone), first, last) for ticker in fewer["ticker"]]
    return found
