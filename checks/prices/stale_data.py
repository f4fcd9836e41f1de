"""PRC020 stale-data."""

from __future__ import annotations

from datetime import date, datetime

from checks.prices.wording import plural
from ml_debugger.artifacts import Expectations, PriceTable
from ml_debugger.contract import Evidence, Limit, Measurement, NotMeasured, Outcome, check


@check(
    code="PRC020",
    name="stale-data",
    component="data",
    playbook="market-data",
    limits=(
        Limit(
            "weekdays_behind",
            "weekdays",
            "above",
            "weekdays from the last bar of the middle ticker to the date that must be reached",
            "one weekday may be a holiday; more than four in a row the NYSE has not closed since "
            "1933 (four in September 2001)",
            fail=4,
            warn=1,
        ),
    ),
    profiles=("quick", "pre-train", "full"),
    explained_by=("source-unreachable", "rate-limited"),
)
def stale_data(prices: PriceTable, expect: Expectations) -> Outcome:
    """Prices end before the date that they must reach.

    What it measures:
        Weekdays between the last bar and `data_through` of the configuration, for the middle
        ticker: some tickers end early because they were delisted, and that is no fault. Nothing
        is measured where the configuration does not say up to when prices must reach, so an
        historic file is never accused.

    Why it matters:
        A model that predicts from old prices predicts the past, and its positions are late by
        as many sessions.

    What to do:
        Fetch the missing sessions. If the fetch runs every day, look at its log for refused
        requests and at the source for a renamed ticker.

    Sources:
        The closures of the New York Stock Exchange.
    """
    import polars as pl

    if "time" not in prices.names:
        return NotMeasured("has no dates")
    if expect.data_through is None:
        return NotMeasured("the configuration does not say up to when prices must reach")
    lasts = (
        prices.frame.group_by("ticker")
        .agg(pl.col("time").max())
        .drop_nulls("time")
        .sort("time")
        .collect(engine="streaming")
    )
    if lasts.is_empty():
        return NotMeasured("holds no dated bar")
    middle = _day(lasts["time"][lasts.height // 2])
    behind = _weekdays(middle, expect.data_through)
    ended = int((lasts["time"].cast(pl.Date) < middle).sum())
    reached = "reach" if behind == 0 else f"end {plural(behind, 'weekday')} before"
    return Measurement(
        f"Prices {reached} {expect.data_through}",
        {"weekdays_behind": behind},
        (
            Evidence("last bar", str(middle), where="middle ticker"),
            Evidence("must reach", str(expect.data_through)),
            Evidence("tickers that end earlier", ended, "tickers"),
        ),
    )


def _day(moment: object) -> date:
    if isinstance(moment, datetime):
        return moment.date()
    assert isinstance(moment, date)
    return moment


def _weekdays(last: date, wanted: date) -> int:
    """Weekdays after `last` up to `wanted`; zero where it is reached."""
    if last >= wanted:
        return 0
    weeks, rest = divmod((wanted - last).days, 7)
    return 5 * weeks + sum((last.weekday() + step) % 7 < 5 for step in range(1, rest + 1))
