"""PRC017 timezone-mixed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from checks.prices.clocks import clocks, no_sessions, sessions, shifted
from checks.prices.session_hours import LEAST_MOVED, hours, two_clocks
from checks.prices.stamps import (
    CONVERTED,
    MIXED,
    WRONG_DATE,
    odd_offsets,
    wall,
)
from checks.prices.trading_days import DAILY, INTRADAY, steps
from checks.prices.wording import plural
from ml_debugger.artifacts import Bars, PriceTable
from ml_debugger.contract import (
    Evidence,
    Gathered,
    Limit,
    Measurement,
    NotMeasured,
    Outcome,
    check,
)

if TYPE_CHECKING:
    import polars as pl

LEAST_BARS = 20


@dataclass(frozen=True)
class Finding:
    """What is wrong with the times of a ticker: `kind`, how many bars, and what was seen.

    `days` names the days concerned where these are not all, or not known.
    """

    ticker: str
    kind: str
    bars: int
    said: str
    days: tuple[date, ...] = ()


def gather(bars: Bars) -> Mapping[str, pl.DataFrame]:
    """`clocks` of daily bars, `hours` of intraday ones, and `shifted`: dates that are a day off."""
    import polars as pl

    if not bars.dated or not bars.frame.height:
        return {}
    table = steps(bars).filter(pl.col("bars") >= LEAST_BARS)
    table = table.with_columns(bars.frame["ticker"][table["start"]].alias("ticker"))
    daily = table.filter(pl.col("step").is_between(*DAILY, closed="left"))
    short = table.filter(pl.col("step").is_between(*INTRADAY, closed="left"))
    stamped = bars.frame.schema["time"] != pl.Date
    days = hours(sessions(bars, short) if stamped else no_sessions())
    return {
        "clocks": clocks(bars, daily if stamped else daily.clear()),
        "hours": days,
        "shifted": shifted(bars, daily),
        "judged": pl.DataFrame(
            {
                "daily": [int(daily["bars"].sum())],
                "stamped": [stamped],
                "sessions": [int(days["days"].sum())],
                "intraday": [int(short["bars"].sum())],
                "zone": [str(getattr(bars.frame.schema["time"], "time_zone", None) or "")],
            }
        ),
    }


@check(
    code="PRC017",
    name="timezone-mixed",
    component="data",
    playbook="market-data",
    limits=(
        Limit(
            "mixed_bars",
            "bars",
            "above",
            "bars whose clock is another than that of the rest of their ticker or table",
            "one column of times has one zone",
            fail=0,
        ),
        Limit(
            "wrong_dates",
            "bars",
            "above",
            "daily bars that a conversion has moved to the day before or after",
            "midnight east of Greenwich is the day before in UTC",
            fail=0,
        ),
        Limit(
            "off_midnight",
            "bars",
            "above",
            "daily bars at the midnight of another zone, written in UTC",
            "04:00 and 05:00 UTC are midnight in New York: right dates that join with none",
            warn=0,
        ),
    ),
    profiles=("quick", "pre-train", "full"),
    gather=gather,
)
def timezone_mixed(prices: PriceTable, found: Gathered) -> Outcome:
    """Times stand in several zones, or daily bars were moved by a conversion.

    What it measures:
        Offsets written with the times: one ticker may have two that differ by the hour of
        summer time; others beside them, or none, are mixed. Daily bars with a time of day: one
        time of day, on the clock of the file or of a zone with summer time, is right. Stamps
        that are midnight of another zone were converted, and their dates are wrong where that
        zone lies east of Greenwich; dates of Sunday to Thursday are wrong where the closures of
        an exchange lie a day beside those of the table. Intraday bars: sessions whose first and
        last bar move by the same whole hours on other days than summer time does, and tickers
        of fixed hours beside others that keep the same hours in UTC. Markets that trade round
        the clock show no zone.

    Why it matters:
        Rows of one moment do not meet: joins leave out or duplicate days, a return spans two
        sessions, and a bar that stands a day early is the future.

    What to do:
        Read all sources with their zones, convert once to UTC, and take the date of a daily bar
        from the exchange's own clock before the zone is dropped. Give times of intraday bars
        an offset in the file.

    Sources:
        The rules of summer time in the IANA time zone database; NYSE Rule 7.2 and
        exchange_calendars for the closures.
    """
    if "judged" not in found:
        return NotMeasured("has no dates")
    findings = _findings(prices, found)
    if not findings:
        return _nothing_found(prices, found)
    values = {
        name: float(sum(f.bars for f in findings if f.kind == kind))
        for name, kind in (
            ("mixed_bars", MIXED),
            ("wrong_dates", WRONG_DATE),
            ("off_midnight", CONVERTED),
        )
    }
    gravest = max(findings, key=lambda f: ((CONVERTED, WRONG_DATE, MIXED).index(f.kind), f.bars))
    tickers = len({finding.ticker for finding in findings})
    count = sum(f.bars for f in findings if f.kind == gravest.kind)
    return Measurement(
        f"{plural(count, 'bar')} of {plural(tickers, 'ticker')}: {gravest.said}",
        values,
        tuple(
            Evidence(f.kind, f.said, where=f"{f.ticker or 'all tickers'}, {plural(f.bars, 'bar')}")
            for f in sorted(findings, key=lambda f: -f.bars)[:5]
        ),
        rows=lambda: _rows(prices, findings),
    )


def _findings(prices: PriceTable, found: Gathered) -> list[Finding]:
    """All that is wrong with the times, one entry a ticker and kind."""
    import polars as pl

    findings = [
        Finding(ticker, MIXED, bars, said)
        for ticker, (bars, said) in odd_offsets(prices.offsets).items()
    ]
    # where the file names its own zone beside each time, the clock in UTC is no fault of it
    named = {
        ticker
        for ticker, counts in prices.offsets.items()
        if any(text.strip("+-0:") not in ("", "Z", "UTC", "GMT") for text in counts)
    }
    if "" in named:
        return findings
    for ticker, kind, said, odd in found["clocks"].rows():
        if odd and kind in (CONVERTED, WRONG_DATE, MIXED) and ticker not in named:
            findings.append(Finding(ticker, kind, odd, said))
    known = named | {f.ticker for f in findings if f.kind == WRONG_DATE}
    findings += [
        Finding(ticker, WRONG_DATE, bars, said)
        for ticker, bars, said in found["shifted"].rows()
        if ticker not in known
    ]
    table = found["hours"].filter(~pl.col("ticker").is_in(list(named)))
    findings += _moved(table)
    findings += [
        Finding(ticker, MIXED, int(table.filter(pl.col("ticker") == ticker)["bars"].sum()), said)
        for ticker, said in (
            (ticker, f"{_span(first, last)} in {zone} beside the same hours in UTC")
            for ticker, zone, first, last in two_clocks(table)
        )
    ]
    return findings


def _moved(hours: pl.DataFrame) -> list[Finding]:
    """Tickers whose session jumps by whole hours on days of their own."""
    found = []
    for row in hours.iter_rows(named=True):
        moved, by = row["moved"], row["by"]
        if len(moved) < LEAST_MOVED or (abs(by) == 60 and _seasonal(row)):
            continue
        said = (
            f"session of {_span(row['first'], row['last'])} moves by {by / 60:+g} h from {moved[0]}"
        )
        found.append(Finding(row["ticker"], MIXED, row["moved_bars"], said, tuple(moved)))
    return found


def _seasonal(hours: Mapping[str, Any]) -> bool:
    """Whether an hour is gained and lost in months when some zone's summer time turns."""
    first, last = min(hours["moved"]), max(hours["moved"])
    turns = (3, 4, 9, 10, 11)
    begins = first.month in turns or first == hours["begin"]
    return begins and (last.month in turns or last == hours["end"])


def _span(first: float, last: float) -> str:
    """The first and last bar of a session: `09:30 to 15:45`."""
    return " to ".join(f"{int(m % 1440) // 60:02}:{int(m % 60):02}" for m in (first, last))


def _nothing_found(prices: PriceTable, found: Gathered) -> Outcome:
    judged = found["judged"]
    daily, sessions = int(judged["daily"].sum()), int(judged["sessions"].sum())
    zone = judged["zone"][0]
    values = {"mixed_bars": 0.0, "wrong_dates": 0.0, "off_midnight": 0.0}
    if sessions:
        return Measurement(f"{plural(sessions, 'session')} keep their hours", values)
    if daily:
        said = "at one time of day" if judged["stamped"][0] else "with dates alone"
        return Measurement(f"{plural(daily, 'daily bar')} {said}", values)
    if int(judged["intraday"].sum()):
        # a column with a zone, or with one offset, has one clock whatever the market
        if zone or prices.offsets:
            return Measurement(f"Times in one zone, {zone or 'by their offsets'}", values)
        return NotMeasured("trades round the clock, so that its hours show no zone")
    if judged["stamped"][0]:
        return NotMeasured(f"no ticker has {LEAST_BARS} bars of a day or less")
    return Measurement(f"{plural(prices.rows, 'bar')} with dates alone", values)


def _rows(prices: PriceTable, findings: Sequence[Finding]) -> pl.DataFrame:
    """The bars concerned; of a ticker with two clocks those that are not on the commoner one."""
    import polars as pl

    parts = []
    for finding in findings:
        bars = prices.frame.select("ticker", "time")
        if finding.ticker:
            bars = bars.filter(pl.col("ticker") == finding.ticker)
        rows = bars.collect(engine="streaming")
        clock = wall(rows["time"])[0]
        if finding.days:
            rows = rows.filter(clock.cast(pl.Date).is_in(list(finding.days)))
        elif finding.kind == MIXED and finding.bars < rows.height and clock.dtype != pl.Date:
            at = clock.dt.time()
            rows = rows.filter(at != at.mode()[0])
        parts.append(rows.with_columns(pl.lit(finding.said).alias("detail")))
    return pl.concat(parts).sort("ticker", "time")
