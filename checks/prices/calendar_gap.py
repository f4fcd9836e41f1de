"""PRC007 calendar-gap."""

from __future__ import annotations

from typing import TYPE_CHECKING

from checks.prices.sessions import TICKERS, find_gaps
from checks.prices.size import plural, too_large
from ml_debugger.artifacts import PriceTable
from ml_debugger.contract import Evidence, Limit, Measurement, NotMeasured, Outcome, check

if TYPE_CHECKING:
    import polars as pl

DAY = 86_400.0
USUAL = 0.9
"""Share of days on which the next bar follows at once, where a hole counts as one."""


@check(
    code="PRC007",
    name="calendar-gap",
    component="data",
    playbook="market-data",
    limits=(
        Limit(
            "missing",
            "bars",
            "above",
            "sessions, or bars inside a session, without a bar inside a ticker's life",
            "holidays, thin trading and closures that tickers share are taken off first; "
            "measured: 51 sessions of 6 tickers in a published file of 505 tickers",
            warn=0,
        ),
        Limit(
            "missing_share",
            "share",
            "above",
            "share of them in the bars that were to be expected",
            "one in twenty: a part of the download failed",
            fail=0.05,
        ),
        Limit(
            "longest_market_gap",
            "sessions",
            "above",
            "longest run of sessions that every ticker of the table lacks",
            "the longest closure of the NYSE since 1933 was four sessions (September 2001), "
            "that of Shanghai is eight weekdays and recurs",
            fail=5,
        ),
    ),
    profiles=("pre-train", "full"),
)
def calendar_gap(prices: PriceTable) -> Outcome:
    """Sessions are missing inside a ticker's life.

    What it measures:
        Daily bars: a day on which most living tickers trade is a session, and a ticker without
        a bar on it has a gap. A few tickers are held against their own weekdays: if their closed
        days are those of the New York Stock Exchange, against that calendar, otherwise up to 20
        holidays a year and runs of up to five weekdays are normal. Late listings, delistings,
        closures that a group of tickers shares and thinly traded tickers do not count.
        Intraday bars: holes where the next bar follows at once on nine of ten days. Weekly and
        monthly bars: steps that are too long.

    Why it matters:
        A return over a gap is booked as the return of one session, and windows reach further
        back than they say. A suspended stock has such a gap by right: it could not be traded.

    What to do:
        Fetch the named ticker and period anew. If the exchange suspended the stock, leave the
        gap and do not fill it.

    Sources:
        NYSE Rule 7.2 and its list of special closures since 1985.
    """
    large = too_large(prices)
    if large is not None:
        return large
    steps = _steps(prices)
    middle = steps["step"].median()
    if steps.height < 20 or not isinstance(middle, float):
        return NotMeasured(f"{plural(steps.height, 'bar')} are too few to know the sessions")
    if "time" not in prices.names:
        return _rows_left_out(steps)
    if middle > 4 * DAY:
        return _long_steps(steps, middle)
    if middle < 0.8 * DAY:
        return _intraday(steps)
    found = find_gaps(_days(steps))
    if not found.expected:
        return NotMeasured("no ticker has ten sessions")
    evidence = tuple(
        Evidence("gap", gap.sessions, "sessions", f"{gap.ticker} {gap.start} to {gap.end}")
        for gap in found.gaps[:5]
    )
    lone = steps["id"].max() == 0
    market = [gap.sessions for gap in found.gaps if lone or gap.ticker == TICKERS]
    missing = sum(gap.sessions for gap in found.gaps)
    tickers = len({gap.ticker for gap in found.gaps})
    title = f"No session missing among {plural(found.expected, 'bar')} expected"
    if missing:
        title = f"{plural(missing, 'session')} missing in {plural(tickers, 'ticker')}"
        if market:
            title = f"{plural(missing, 'session')} missing, up to {max(market)} in a row"
    return _measured(title, missing, found.expected, max(market, default=0), evidence)


def _steps(prices: PriceTable) -> pl.DataFrame:
    """Bars in order, without repeats: ticker and its number, time, seconds since the last bar.

    Numbers stand for tickers because grouping millions of rows by text is ten times slower.
    """
    import polars as pl

    same = (pl.col("ticker") == pl.col("ticker").shift()).fill_null(False)
    seconds = pl.col("time").cast(pl.Datetime("us")).diff().dt.total_microseconds() / 1e6
    return (
        prices.bars.lazy()
        .select("ticker", "time")
        .drop_nulls()
        .with_columns(
            (~same).cum_sum().cast(pl.UInt32).alias("id") - 1,
            pl.when(same).then(seconds).alias("step"),
        )
        .filter(pl.col("step").is_null() | (pl.col("step") > 0))
        .collect()
    )


def _days(steps: pl.DataFrame) -> pl.DataFrame:
    """One row a ticker and day on which it has a bar."""
    import polars as pl

    days = steps.select("ticker", "id", pl.col("time").cast(pl.Date).alias("day"))
    if steps.schema["time"] == pl.Date:
        return days
    again = (pl.col("id") == pl.col("id").shift()) & (pl.col("day") == pl.col("day").shift())
    return days.filter(~again.fill_null(False))


def _measured(
    title: str, missing: int, expected: int, market: float, evidence: tuple[Evidence, ...]
) -> Measurement:
    values = {
        "missing": missing,
        "missing_share": missing / max(expected, 1),
        "longest_market_gap": market,
    }
    return Measurement(title, values, evidence)


def _rows_left_out(steps: pl.DataFrame) -> Outcome:
    """A table without dates still shows by its own row numbers where rows were left out."""
    import polars as pl

    holes = steps.filter(pl.col("step") > 90)
    missing = int((holes["step"] / 60 - 1).sum())
    if not missing:
        return NotMeasured("has no dates")
    # a count of what was left out says nothing about sessions, so only `missing` is given
    return Measurement(
        f"{plural(missing, 'row')} left out by the table's own row numbers, and no dates",
        {"missing": missing},
        (Evidence("holes", holes.height, "holes"),),
    )


def _long_steps(steps: pl.DataFrame, middle: float) -> Outcome:
    """Weekly, monthly and quarterly bars."""
    import polars as pl

    known = steps.drop_nulls("step")
    regular = int(known["step"].is_between(0.7 * middle, 1.4 * middle).sum())
    if regular < 0.8 * known.height:
        return NotMeasured("bars stand at irregular distances")
    holes = known.filter(pl.col("step") > 1.6 * middle).sort("step", descending=True)
    missing = int((holes["step"] / middle).round().sum()) - holes.height
    title = f"No step of {known.height:,} is too long"
    if missing:
        title = f"{plural(missing, 'bar')} missing at steps of {middle / DAY:.0f} days"
    return _measured(title, missing, known.height + missing, 0, _holes(holes))


def _intraday(steps: pl.DataFrame) -> Outcome:
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
    holes = (
        following.filter((pl.col("next") > 1.5 * interval) & (at_once >= USUAL))
        .select("ticker", "time", pl.col("next").alias("step"))
        .sort("step", descending=True)
    )
    missing = int((holes["step"] / interval).round().sum()) - holes.height
    evidence = list(_holes(holes))
    longest = 0.0
    expected = steps.height + missing
    if always:
        alone = steps["id"].max() == 0
        longest = max(holes["step"], default=0.0) / DAY if alone else 0.0
    else:
        found = find_gaps(_days(steps))
        per_day = max(1, round(steps.height / max(1, found.expected)))
        lost = sum(gap.sessions for gap in found.gaps)
        missing += per_day * lost
        expected += per_day * lost
        evidence = [
            Evidence("gap", gap.sessions, "sessions", f"{gap.ticker} {gap.start} to {gap.end}")
            for gap in found.gaps[:3]
        ] + evidence
        lone = steps["id"].max() == 0
        market = [g.sessions for g in found.gaps if lone or g.ticker == TICKERS]
        longest = max(market, default=0)
    title = f"No bar missing at steps of {_duration(interval)}"
    if missing:
        title = f"{plural(missing, 'bar')} missing at steps of {_duration(interval)}"
    return _measured(title, missing, expected, longest, tuple(evidence[:5]))


def _holes(holes: pl.DataFrame) -> tuple[Evidence, ...]:
    return tuple(
        Evidence("step", _duration(row["step"]), where=f"{row['ticker']} {row['time']}")
        for row in holes.head(5).iter_rows(named=True)
    )


def _duration(seconds: float) -> str:
    for size, unit in ((DAY, "d"), (3600.0, "h"), (60.0, "min")):
        if seconds >= size:
            return f"{seconds / size:.4g} {unit}"
    return f"{seconds:.3g} s"
