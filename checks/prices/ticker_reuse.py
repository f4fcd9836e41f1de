"""PRC016 ticker-reuse."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

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

LEAST_DAYS = 120
"""Calendar days without a bar between two issuers at least."""
USUAL_GAPS = 5
"""Times its next longest absence that the gap of a regularly traded ticker is."""
LEAST_BARS, WINDOW = 40, 120
"""Bars needed on each side of a gap, and looked at; those next to it tell of the event."""
EVENT = 10
SHARED = 3
"""Tickers that lack the same time: then the file does, not the ticker."""
NEAR_DAYS = 5
VOLATILITY_NOISE, VOLUME_NOISE = 0.45, 1.2
"""Standard deviation of the logarithm of a stock's own volatility and volume over some years."""
LEVEL, JOINT = 2.0, 12.0
"""Own deviations of the price level, and the sum of squares of all three: beyond 12 chance goes
in one case of 130 (chi-squared, three degrees of freedom), and the level must be off as well."""
STRONG_LEVEL, STRONG_VOLATILITY, STRONG_VOLUME = math.log(1.5), math.log(1.75), math.log(3)
STRONG_AMOUNT = math.log(2)
DISTRESS = 4.0
"""The level of a price that comes back lower and wilder and no less traded, as after bad news."""
CERTAIN = 30.0


def gather(bars: Bars) -> Mapping[str, pl.DataFrame]:
    """`gaps`: the long absence of each regularly traded ticker, with what lies on both sides."""
    import polars as pl

    if not bars.dated or bars.growth is None or bars.frame.height < 2 * LEAST_BARS:
        return {}
    since = bars.frame["time"].diff().dt.total_days()
    rows = ((since >= LEAST_DAYS // USUAL_GAPS) & bars.same).fill_null(False).arg_true()
    table = pl.DataFrame(
        {"row": rows.cast(pl.Int64), "id": bars.number[rows], "days": since[rows]}
    ).sort("id", "days", descending=[False, True])
    longest = table.group_by("id", maintain_order=True).agg(
        pl.col("row").first(),
        pl.col("days").first(),
        pl.col("days").get(1, null_on_oob=True).fill_null(0).alias("next"),
    )
    alone = longest.filter(
        (pl.col("days") >= LEAST_DAYS) & (pl.col("days") >= USUAL_GAPS * pl.col("next"))
    )
    return {"gaps": _sides(bars, alone)}


def _sides(bars: Bars, gaps: pl.DataFrame) -> pl.DataFrame:
    """Level, usual move and volume before and after each gap."""
    import polars as pl

    price = next(c for c in ("close", "adj_close") if c in bars.names)
    ends = [*bars.starts.to_list()[1:], bars.frame.height]
    starts = bars.starts.to_list()
    found: list[dict[str, Any]] = []
    for number, row, days, _ in gaps.iter_rows():
        before = bars.frame[max(starts[number], row - WINDOW) : row]
        after = bars.frame[row : min(ends[number], row + WINDOW)]
        if before.height < LEAST_BARS or after.height < LEAST_BARS:
            continue
        found.append(
            {
                "ticker": before["ticker"][0],
                "days": float(days),
                "start": str(before["time"][-1]),
                "end": str(after["time"][0]),
                "time": after["time"].cast(pl.Datetime("us"))[0],
                "bars_a_day": _rate(bars.frame[starts[number] : row]),
                **{f"{name}_before": value for name, value in _side(before, price, False).items()},
                **{f"{name}_after": value for name, value in _side(after, price, True).items()},
            }
        )
    numbers = ("level", "edge", "volatility", "volume")
    schema: dict[str, Any] = {
        "ticker": pl.String,
        "days": pl.Float64,
        "start": pl.String,
        "end": pl.String,
        "time": pl.Datetime("us"),
        "bars_a_day": pl.Float64,
        **{f"{name}_{side}": pl.Float64 for side in ("before", "after") for name in numbers},
    }
    return pl.DataFrame(found, schema=schema)


def _side(part: pl.DataFrame, price: str, after: bool) -> dict[str, float | None]:
    """What one side of a gap is like, away from the gap itself."""
    import polars as pl

    kept = part.filter((pl.col(price) > 0) & pl.col(price).is_finite())
    closes = kept[price]
    away = closes[EVENT:] if after else closes[: max(0, len(closes) - EVENT)]
    moves = away.log().diff().drop_nulls().abs()
    volume = None
    if "volume" in part.columns:
        traded = kept.filter(pl.col("volume") > 0)["volume"]
        volume = (
            traded[EVENT:].median() if after else traded.head(max(0, len(traded) - EVENT)).median()
        )
    edge = closes.head(EVENT).median() if after else closes.tail(EVENT).median()
    return {
        "level": _number(away.median()),
        "edge": _number(edge),
        # the mean of the moves that are cut at three usual ones: news and spikes do not enter it
        "volatility": _number(moves.clip(0, 3 * (_number(moves.median()) or math.inf)).mean()),
        "volume": _number(volume),
    }


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, (int, float)) and math.isfinite(value) else None


def _rate(bars: pl.DataFrame) -> float:
    """Bars a calendar day."""
    import polars as pl

    time = bars["time"].cast(pl.Datetime("us"))
    span = (time[-1] - time[0]).total_seconds() / 86_400
    return bars.height / span if span > 0 else 1.0


@check(
    code="PRC016",
    name="ticker-reuse",
    component="data",
    playbook="market-data",
    limits=(
        Limit(
            "reused",
            "tickers",
            "above",
            "tickers that come back from a long gap with another price, volatility and volume",
            "exchanges give a symbol to another company months after it became free",
            warn=0,
        ),
        Limit(
            "joint_deviation",
            "squared deviations",
            "above",
            "largest sum of squares of level, volatility and volume in their own deviations",
            "chi-squared with three degrees of freedom goes beyond 30 in one case of a million",
            fail=CERTAIN,
        ),
    ),
    profiles=("full",),
    gather=gather,
)
def ticker_reuse(prices: PriceTable, found: Gathered) -> Outcome:
    """One ticker carries the histories of two issuers.

    What it measures:
        Tickers with one gap of four months or more, at least five times as long as any other of
        theirs and shared by no group of tickers, after which the price stands where the old one
        could hardly have got to, and where volatility or volume are of another kind. All three
        are measured in deviations that a stock shows by itself over such a time, and added up.
        A price that returns lower, wilder and no less traded is what a suspension for bad news
        leaves, so it must be further off. Thinly traded tickers, with many gaps, are not judged.
        A company relisted after bankruptcy looks the same: the finding asks for a look, it is no
        proof.

    Why it matters:
        The return over the gap is one that nobody had, and features of the new company are made
        from the old one's past. Survivorship studies count a dead company as a winner.

    What to do:
        Look up when the symbol changed hands. Split the ticker at the gap under two names, such
        as those of a permanent identifier (FIGI, PERMNO, ISIN).

    Sources:
        CRSP gives each security a number for life, because symbols are used again. The deviations:
        a logarithm of volatility of 0.45 and of volume of 1.2 over some years.
    """
    if "gaps" not in found:
        if "time" not in prices.names:
            return NotMeasured("has no dates")
        return NotMeasured(f"has fewer than {2 * LEAST_BARS} bars with a close")
    gaps = _not_shared(found["gaps"])
    judged = [(_judge(row), row) for row in gaps.iter_rows(named=True)]
    reused = sorted(((j, row) for j, row in judged if j > 0), key=lambda one: -one[0])
    # without a suspect there is no deviation to hold against the limit
    values = {"reused": len(reused), "joint_deviation": reused[0][0] if reused else 0.0}
    if not reused:
        return Measurement(
            f"No ticker comes back as another; {plural(gaps.height, 'long gap')}", values
        )
    _, worst = reused[0]
    others = f", and {len(reused) - 1} more" if len(reused) > 1 else ""
    return Measurement(
        f"{worst['ticker']} comes back after {worst['days']:.0f} days as another{others}",
        values,
        tuple(Evidence("two issuers", _what(row), where=_where(row)) for _, row in reused[:5]),
        rows=lambda: _rows([row for _, row in reused]),
    )


def _not_shared(gaps: pl.DataFrame) -> pl.DataFrame:
    """Without gaps that begin and end with those of other tickers: there the file has a gap."""
    import polars as pl

    near = 86_400_000_000 * NEAR_DAYS
    end = pl.col("time").cast(pl.Int64)
    start = pl.col("start").str.slice(0, 10).str.to_date().cast(pl.Datetime("us")).cast(pl.Int64)
    numbered = gaps.with_columns(end.alias("_end"), start.alias("_start"))
    alone = [
        numbered.filter(
            ((pl.col("_end") - e).abs() <= near) & ((pl.col("_start") - s).abs() <= near)
        ).height
        < SHARED
        for e, s in numbered.select("_end", "_start").rows()
    ]
    return gaps.filter(pl.Series(alone, dtype=pl.Boolean))


def _judge(row: dict[str, Any]) -> float:
    """The joint deviation of a gap that two issuers explain better than one; 0 otherwise."""
    needed = ("edge_before", "edge_after", "volatility_before", "volatility_after")
    if any(not row[name] for name in needed):
        return 0.0
    jump = math.log(row["edge_after"] / row["edge_before"])
    wilder = math.log(row["volatility_after"] / row["volatility_before"])
    # a mean absolute move is 0.8 of a standard deviation; cutting takes a tenth off fat tails
    usual = 1.4 * max(row["volatility_before"], row["volatility_after"])
    level = abs(jump) / (usual * math.sqrt(max(1.0, row["days"] * row["bars_a_day"])))
    crowd = 0.0
    if row["volume_before"] and row["volume_after"]:
        crowd = math.log(row["volume_after"] / row["volume_before"])
    other_kind = abs(wilder) >= STRONG_VOLATILITY
    strong = other_kind or abs(crowd) >= STRONG_VOLUME
    # a split in the hole changes price and volume, but neither the money traded nor the moves
    if not other_kind and abs(jump + crowd) < STRONG_AMOUNT:
        return 0.0
    bad_news = jump < 0 < wilder and crowd > -STRONG_VOLUME
    needed_level = DISTRESS if bad_news else LEVEL
    joint: float = level**2 + (wilder / VOLATILITY_NOISE) ** 2 + (crowd / VOLUME_NOISE) ** 2
    if abs(jump) < STRONG_LEVEL or level < needed_level or not strong or joint < JOINT:
        return 0.0
    return joint


def _what(row: dict[str, Any]) -> str:
    said = (
        f"price {row['edge_before']:.4g} to {row['edge_after']:.4g}, "
        f"move {row['volatility_before']:.2%} to {row['volatility_after']:.2%}"
    )
    if row["volume_before"] and row["volume_after"]:
        said += f", volume {row['volume_before']:,.0f} to {row['volume_after']:,.0f}"
    return said


def _where(row: dict[str, Any]) -> str:
    return f"{row['ticker']} {row['start'][:10]} to {row['end'][:10]}"


def _rows(reused: list[dict[str, Any]]) -> pl.DataFrame:
    """One row a ticker, at its first bar after the gap."""
    import polars as pl

    return pl.DataFrame(
        [{"ticker": row["ticker"], "time": row["time"], "detail": _what(row)} for row in reused]
    )
