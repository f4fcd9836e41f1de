"""PRC007 calendar-gap."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from checks.prices.gaps import DAILY, DAY, FEW, IRREGULAR, UNDATED, find_missing
from checks.prices.sessions import TICKERS
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

MOST_GAPS = 100_000
"""Gaps that are kept of one part of a table, the longest first."""


def gather(bars: Bars) -> Mapping[str, pl.DataFrame]:
    """`parts`: what kind of bars, how many are missing and expected; `gaps`: which are missing."""
    import polars as pl

    found = find_missing(bars)
    gaps = [
        {"bars": hole.bars, "ticker": hole.ticker, "start": hole.start, "end": hole.end}
        for hole in sorted(found.holes, key=lambda hole: -hole.bars)[:MOST_GAPS]
    ]
    texts = dict.fromkeys(("ticker", "start", "end"), pl.String)
    part = {
        "kind": found.kind,
        "step": found.step,
        "expected": found.expected,
        "missing": found.missing,
        "market": float(found.market),
    }
    return {
        "parts": pl.DataFrame([part]),
        "gaps": pl.DataFrame(gaps, schema={"bars": pl.Int64, **texts}),
    }


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
    gather=gather,
)
def calendar_gap(prices: PriceTable, found: Gathered) -> Outcome:
    """Sessions are missing inside a ticker's life.

    What it measures:
        Daily bars: a day on which most living tickers trade is a session, and a ticker without
        a bar on it has a gap. A few tickers are held against the exchange whose closures their
        closed days are; if there is none, up to 20 holidays a year and runs of up to five
        weekdays are normal. Late listings, delistings,
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
        NYSE Rule 7.2 and its list of special closures since 1985; exchange_calendars for 36
        other exchanges.
    """
    import polars as pl

    parts = found["parts"]
    judged = parts.filter(~pl.col("kind").is_in([FEW, IRREGULAR]))
    if judged.is_empty():
        if (parts["kind"] == IRREGULAR).any():
            return NotMeasured("bars stand at irregular distances")
        return NotMeasured(f"holds {plural(prices.rows, 'bar')}, too few to know the sessions")
    missing, expected = int(judged["missing"].sum()), int(judged["expected"].sum())
    kind = str(judged["kind"].mode()[0])
    if kind == UNDATED:
        return _undated(missing)
    if not expected:
        return NotMeasured("no ticker has ten sessions")
    gaps = found["gaps"].sort("bars", "ticker", "start", descending=[True, False, False])
    longest = max(judged["market"])
    return Measurement(
        _title(kind, judged["step"][0], missing, expected, gaps, longest),
        {
            "missing": missing,
            "missing_share": missing / expected,
            "longest_market_gap": longest,
        },
        tuple(
            Evidence("gap", bars, _unit(kind), f"{ticker} {start} to {end}")
            for bars, ticker, start, end in gaps.head(5).rows()
        ),
        rows=lambda: _rows(gaps),
    )


def _undated(missing: int) -> Outcome:
    if not missing:
        return NotMeasured("has no dates")
    # a count of what was left out says nothing about sessions, so only `missing` is given
    title = f"{plural(missing, 'row')} left out by the table's own row numbers, and no dates"
    return Measurement(title, {"missing": missing})


def _title(
    kind: str, step: float, missing: int, expected: int, gaps: pl.DataFrame, market: float
) -> str:
    if kind != DAILY:
        said = f"{plural(missing, 'bar')} missing" if missing else "No bar missing"
        return f"{said} at steps of {_duration(step)}"
    if not missing:
        return f"No session missing among {plural(expected, 'bar')} expected"
    if market:
        return f"{plural(missing, 'session')} missing, up to {market:.0f} in a row"
    tickers = gaps["ticker"].n_unique()
    return f"{plural(missing, 'session')} missing in {plural(tickers, 'ticker')}"


def _unit(kind: str) -> str:
    return "sessions" if kind == DAILY else "bars"


def _duration(seconds: float) -> str:
    for size, unit in ((DAY, "d"), (3600.0, "h"), (60.0, "min")):
        if seconds >= size:
            return f"{seconds / size:.4g} {unit}"
    return f"{seconds:.3g} s"


def _rows(gaps: pl.DataFrame) -> pl.DataFrame:
    """One row a gap, at its first missing session."""
    import polars as pl

    return gaps.select(
        pl.when(pl.col("ticker") != TICKERS).then("ticker").alias("ticker"),
        pl.col("start").str.to_datetime(strict=False).alias("time"),
        pl.format("{} missing, {} to {}", "bars", "start", "end").alias("detail"),
    )
