"""PRC015 cloned-series."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from checks.prices.clones import LEAST_BARS, Clone, marks, prove, suspects
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


def gather(bars: Bars) -> Mapping[str, pl.DataFrame]:
    """`marks`: large moves of each ticker; `lives`: how many tickers have bars enough."""
    import polars as pl

    if bars.growth is None:
        return {}
    counts = bars.starts.cast(pl.Int64).shift(-1, fill_value=bars.frame.height) - bars.starts
    long = int((counts >= LEAST_BARS).sum())
    return {"marks": marks(bars), "lives": pl.DataFrame({"long": [long]})}


@check(
    code="PRC015",
    name="cloned-series",
    component="data",
    playbook="market-data",
    limits=(
        Limit(
            "clones",
            "tickers",
            "above",
            "tickers that hold the series of another one",
            "two instruments never have one price to the last tick for 60 sessions; measured: "
            "none among the 505 tickers of a published file, which hold four pairs of share "
            "classes",
            warn=0,
        ),
        Limit(
            "whole_clones",
            "tickers",
            "above",
            "those of them whose whole bars agree, not the closes alone",
            "opens, highs and lows of two instruments come from different trades",
            fail=0,
        ),
    ),
    profiles=("pre-train", "full"),
    gather=gather,
)
def cloned_series(prices: PriceTable, found: Gathered) -> Outcome:
    """Two or more tickers hold one series.

    What it measures:
        Tickers whose prices are those of another ticker, times a constant, to within the
        rounding of both, for at least 60 bars: at the same times, or a fixed number of bars
        later. Opens, highs and lows must agree as well where the table has them; where
        neither prices nor volumes are equal, the ratio must hold for 250 bars. Share classes,
        funds on one index, dual listings and pegged currencies move alike but drift apart, so
        they are none.

    Why it matters:
        The series counts twice in training and in every average over tickers. Test and train
        hold the same rows if the tickers are split between them, and a portfolio takes twice
        the position that it is allowed to. A copy of later bars is look-ahead.

    What to do:
        Find out which ticker the series belongs to, drop the other, and fetch it anew. After a
        renaming (FB to META) both symbols may hold one history: keep the new one.

    Sources:
        Follows from rounding: two roundings of one price differ by at most half a tick each.
    """
    if "marks" not in found:
        return NotMeasured("has no close")
    if int(found["lives"]["long"].sum()) < 2:
        return NotMeasured(f"fewer than two tickers have {LEAST_BARS} bars")
    pairs = suspects(found["marks"])
    clones = list(prove(prices.frame, pairs)) if pairs.height else []
    copies = {clone.copy for clone in clones}
    whole = {clone.copy for clone in clones if clone.whole}
    values = {"clones": len(copies), "whole_clones": len(whole)}
    if not clones:
        tickers = int(found["lives"]["long"].sum())
        return Measurement(f"Each of {plural(tickers, 'ticker')} has its own series", values)
    clones.sort(key=lambda clone: -len(clone.times))
    most = clones[0]
    said = f"{plural(len(copies), 'ticker')} {'holds' if len(copies) == 1 else 'hold'}"
    return Measurement(
        f"{said} the series of another: {most.copy} {_relation(most)}",
        values,
        tuple(
            Evidence(
                "clone",
                _relation(clone),
                where=f"{clone.copy} {clone.times[0]} to {clone.times[-1]}",
            )
            for clone in clones[:5]
        ),
        rows=lambda: _rows(clones),
    )


def _relation(clone: Clone) -> str:
    """What a clone is to its ticker: `equals A`, `is 2 times A, 3 d later`."""
    import polars as pl

    ratio = "equals" if abs(clone.ratio - 1) < 1e-6 else f"is {clone.ratio:.4g} times"
    moment = pl.Datetime("us")
    later = (clone.times.cast(moment) - clone.sources.cast(moment)).dt.total_seconds().median()
    days = float(later) / 86_400 if isinstance(later, float) else 0.0
    when = f", {abs(days):.3g} d {'later' if days > 0 else 'earlier'}" if days else ""
    return f"{ratio} {clone.ticker}{when}"


def _rows(clones: Sequence[Clone]) -> pl.DataFrame:
    import polars as pl

    return pl.concat(
        [
            pl.DataFrame({"time": clone.times, "copied_from": clone.sources}).select(
                pl.lit(clone.copy).alias("ticker"),
                "time",
                pl.lit(_relation(clone)).alias("detail"),
                "copied_from",
            )
            for clone in clones
        ]
    )
