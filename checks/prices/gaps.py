"""What is missing among bars of any step: daily, intraday, weekly and longer, or undated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from checks.prices.sessions import TICKERS, find_gaps

if TYPE_CHECKING:
    import polars as pl

    from ml_debugger.artifacts import Bars

DAY = 86_400.0
USUAL = 0.9
"""Share of days on which the next bar follows at once, where a hole counts as one."""
HOUR = 3600.0
"""Bars from this length on have a trade in whatever is traded at all."""
CHANCE = 0.01
"""Expected number of holes of one length that chance may bring forth in a ticker."""
BREAK = 0.5
"""Share below which a time of the day is the beginning of a break or of the night."""
DAILY, INTRADAY, LONG, UNDATED, FEW, IRREGULAR = (
    "daily",
    "intraday",
    "long",
    "undated",
    "few",
    "irregular",
)


@dataclass(frozen=True)
class Hole:
    """Bars that are missing in a row: how many, of which ticker, between which times."""

    bars: int
    ticker: str
    start: str
    end: str


@dataclass(frozen=True)
class Missing:
    """What is missing among some bars. `step` is the usual distance of bars in seconds.

    `market` counts the sessions in a row that every ticker lacks.
    """

    kind: str
    step: float = 0.0
    expected: int = 0
    missing: int = 0
    market: float = 0.0
    holes: tuple[Hole, ...] = ()


def find_missing(bars: Bars) -> Missing:
    """What is missing among the bars of some whole tickers."""
    steps = _steps(bars)
    middle = steps["step"].median()
    if steps.height < 20 or not isinstance(middle, float):
        return Missing(FEW)
    if not bars.dated:
        return _rows_left_out(steps)
    if middle > 4 * DAY:
        return _long_steps(steps, middle)
    if middle < 0.8 * DAY:
        return _intraday(steps)
    found = find_gaps(_days(steps))
    holes = tuple(
        Hole(gap.sessions, gap.ticker, str(gap.start), str(gap.end)) for gap in found.gaps
    )
    missing = sum(hole.bars for hole in holes)
    return Missing(DAILY, middle, found.expected, missing, _market(steps, holes), holes)


def _market(steps: pl.DataFrame, holes: tuple[Hole, ...]) -> int:
    """The longest run of sessions that all tickers lack; of a lone ticker its own."""
    lone = steps["id"].max() == 0
    return max((hole.bars for hole in holes if lone or hole.ticker == TICKERS), default=0)


def _steps(bars: Bars) -> pl.DataFrame:
    """Bars in order, without repeats: ticker and its number, time, seconds since the last bar."""
    import polars as pl

    seconds = pl.col("time").cast(pl.Datetime("us")).diff().dt.total_microseconds() / 1e6
    steps = bars.frame.select("ticker", "time", bars.number.alias("id"), bars.same.alias("same"))
    if steps["time"].null_count():
        steps = steps.drop_nulls("time")
    steps = steps.with_columns(pl.when("same").then(seconds).alias("step")).drop("same")
    return steps.filter(pl.col("step").is_null() | (pl.col("step") > 0))


def _days(steps: pl.DataFrame) -> pl.DataFrame:
    """One row a ticker and day on which it has a bar."""
    import polars as pl

    days = steps.select("ticker", "id", pl.col("time").cast(pl.Date).alias("day"))
    if steps.schema["time"] == pl.Date:
        return days
    again = (pl.col("id") == pl.col("id").shift()) & (pl.col("day") == pl.col("day").shift())
    return days.filter(~again.fill_null(False))


def _rows_left_out(steps: pl.DataFrame) -> Missing:
    """A table without dates still shows by its own row numbers where rows were left out."""
    import polars as pl

    holes = steps.filter(pl.col("step") > 90)
    missing = int((holes["step"] / 60 - 1).sum())
    return Missing(UNDATED, 60.0, steps.height + missing, missing)


def _long_steps(steps: pl.DataFrame, middle: float) -> Missing:
    """Weekly, monthly and quarterly bars."""
    import polars as pl

    known = steps.drop_nulls("step")
    regular = int(known["step"].is_between(0.7 * middle, 1.4 * middle).sum())
    if regular < 0.8 * known.height:
        return Missing(IRREGULAR)
    holes = _holes(known.filter(pl.col("step") > 1.6 * middle), middle)
    missing = sum(hole.bars for hole in holes)
    return Missing(LONG, middle, known.height + missing, missing, 0.0, holes)


def _intraday(steps: pl.DataFrame) -> Missing:
    """Holes inside the day, and whole days where the market closes overnight."""
    import polars as pl

    interval = steps["step"].drop_nulls().mode().min()
    assert isinstance(interval, float)
    slots = steps["time"].dt.time().n_unique()
    weekdays = steps["time"].dt.weekday().n_unique()
    always = weekdays == 7 and slots >= 0.9 * DAY / interval
    following = steps.with_columns(
        pl.col("step").shift(-1).over("id").alias("next"),
        pl.col("time").shift(-1).over("id").alias("after"),
    ).drop_nulls("next")
    if not always:
        same_day = pl.col("time").dt.date() == pl.col("after").dt.date()
        following = following.filter(same_day)
    at_once = (pl.col("next") <= 1.5 * interval).mean().over("id", pl.col("time").dt.time())
    following = following.with_columns(at_once.alias("usual"))
    # a few days do not tell how often one minute trades: its hour does, less breaks of the day
    hour = pl.col("usual").filter(pl.col("usual") >= BREAK).mean()
    hourly = hour.over("id", pl.col("time").dt.hour())
    dense = (pl.col("usual") >= USUAL) & (hourly >= USUAL)
    late = following.filter((pl.col("next") > 1.5 * interval) & dense)
    late = _beyond_habit(late, following, interval)
    late = late.select("ticker", pl.col("after").alias("time"), pl.col("next").alias("step"))
    holes = _holes(late, interval)
    missing = sum(hole.bars for hole in holes)
    if always:
        alone = steps["id"].max() == 0
        longest = max(late["step"], default=0.0) / DAY if alone else 0.0
        return Missing(INTRADAY, interval, steps.height + missing, missing, longest, holes)
    found = find_gaps(_days(steps))
    per_day = max(1, round(steps.height / max(1, found.expected)))
    days = tuple(
        Hole(per_day * gap.sessions, gap.ticker, str(gap.start), str(gap.end)) for gap in found.gaps
    )
    lost = sum(gap.sessions for gap in found.gaps)
    missing += per_day * lost
    market = _market(steps, days) / per_day
    expected = steps.height + missing
    return Missing(INTRADAY, interval, expected, missing, market, (*days, *holes))


def _beyond_habit(late: pl.DataFrame, following: pl.DataFrame, interval: float) -> pl.DataFrame:
    """Holes longer than minutes without a trade make likely, at the ticker's own rate of them."""
    import polars as pl

    if interval >= HOUR or not late.height:
        return late
    # one hole is no habit; several tell how often a bar is without a trade
    rate = ((pl.col("next") > 1.5 * interval).sum() - 1) / pl.len()
    habits = following.group_by("id").agg(rate.alias("rate"), pl.len().alias("bars"))
    length = (pl.col("next") / interval).round() - 1
    late = late.join(habits, on="id", maintain_order="left")
    return late.filter(pl.col("bars") * pl.col("rate").pow(length) < CHANCE)


def _holes(late: pl.DataFrame, usual: float) -> tuple[Hole, ...]:
    """Holes of bars that follow too late: `time` is that of the bar after the hole."""
    import polars as pl

    rows = late.sort("step", descending=True).select(
        "ticker",
        pl.col("time").cast(pl.Datetime("us")).alias("end"),
        (pl.col("step") * 1e6).cast(pl.Duration("us")).alias("step"),
        (pl.col("step") / usual).round().cast(pl.Int64).alias("steps"),
    )
    return tuple(
        Hole(steps - 1, ticker, _plain(end - step), _plain(end))
        for ticker, end, step, steps in rows.rows()
    )


def _plain(time: object) -> str:
    return str(time).removesuffix(" 00:00:00")
