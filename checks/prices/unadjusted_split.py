"""PRC012 unadjusted-split."""

from __future__ import annotations

from typing import TYPE_CHECKING

from checks.prices.size import plural, too_large
from ml_debugger.artifacts import PriceTable
from ml_debugger.contract import Evidence, Limit, Measurement, NotMeasured, Outcome, check

if TYPE_CHECKING:
    import polars as pl

RATIOS = (1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 10.0, 12.0, 15.0, 20.0, 25.0, 30.0, 40.0, 50.0)
"""Splits that companies declare; a reverse split has the same ratios upside down."""
WINDOW = 20
"""Sessions on each side that show the level, the usual move and the usual trading."""
LEAST_BEFORE, LEAST_AFTER = 5, 3
"""Sessions that must stand before and after a jump to know the levels."""
CANDIDATE = 0.33
"""Natural logarithm: smaller moves than 1 to 1.39 are no split of the list."""
OWN_MOVES = 3.0
"""A split's session has a move of its own too; it is rarely above three usual ones."""
MOST_OFF, LEAST_OFF = 0.07, 0.02
"""How far the rest of the move may be from zero at most, and is always allowed to be."""
CROWD, RANGE = 2.5, 2.5
"""A crash trades several times the usual amount in several times the usual range."""


@check(
    code="PRC012",
    name="unadjusted-split",
    component="data",
    playbook="market-data",
    limits=(
        Limit(
            "splits",
            "jumps",
            "above",
            "lasting jumps by a split ratio on a day of otherwise ordinary trading",
            "one such jump is a return of -50 % or more that nobody had",
            fail=0,
        ),
    ),
    profiles=("pre-train", "full"),
)
def unadjusted_split(prices: PriceTable) -> Outcome:
    """A stock split was not taken out of the prices.

    What it measures:
        Jumps between neighbouring sessions that lie within the ticker's usual move of a split
        ratio (3:2, 2:1, 3:1 ... 50:1 and their reverse), after the market's own move is taken
        off, with a level that lasts, on a day that was ordinary otherwise: a range and an amount
        traded like those before. A crash or a leap on news trades several times as much, so it
        is not taken for a split. Where the table has adjusted closes, these are judged, because
        raw closes jump by right.

    Why it matters:
        The model learns a return of -50 % or +900 % that no holder had. Volatility, moving
        averages and labels are wrong for as long as their windows reach.

    What to do:
        Fetch the whole history of the ticker anew, adjusted. Or divide all earlier prices by
        the ratio and multiply the volumes by it, after a second source has confirmed the split.

    Sources:
        Split ratios as companies declare them. The allowances were measured on a published file
        of 505 stocks with true moves of -35 % to +62 %, none of which may be taken for a split.
    """
    large = too_large(prices)
    if large is not None:
        return large
    column = "adj_close" if "adj_close" in prices.columns else "close"
    if column not in prices.columns:
        return NotMeasured("has no close")
    jumps = _jumps(prices, column)
    if jumps is None:
        return NotMeasured(f"no ticker has {3 * LEAST_BEFORE} sessions")
    splits = [row for row in jumps.iter_rows(named=True) if _is_split(row)]
    if not splits:
        return Measurement(
            f"No split left in {plural(prices.rows, 'bar')}; {plural(jumps.height, 'large move')}",
            {"splits": 0},
        )
    tickers = len({row["ticker"] for row in splits})
    return Measurement(
        f"{plural(len(splits), 'unadjusted split')} in {plural(tickers, 'ticker')}",
        {"splits": len(splits)},
        tuple(
            Evidence(
                "jump",
                f"{row['before']:g} to {row['price']:g}, like {_ratio(row)}",
                where=f"{row['ticker']} {row['time']}",
            )
            for row in splits[:5]
        ),
    )


def _jumps(prices: PriceTable, column: str) -> pl.DataFrame | None:
    """Large lasting moves with what surrounds them; None where no ticker is long enough."""
    import polars as pl

    price = pl.col(column)
    daily = _daily(prices, column)
    moves = daily.with_columns(
        (price / price.shift()).log().over("ticker").alias("move"),
        price.shift().over("ticker").alias("before"),
        pl.int_range(pl.len()).over("ticker").alias("session"),
        pl.len().over("ticker").alias("life"),
    )
    if moves.filter(pl.col("life") >= 3 * LEAST_BEFORE).is_empty():
        return None
    crowd = moves.group_by("time").agg(
        pl.when(pl.len() >= 10).then(pl.col("move").median()).otherwise(0.0).alias("market")
    )
    large = moves.filter(
        (pl.col("move").abs() >= CANDIDATE)
        & pl.col("move").is_finite()
        & (pl.col("session") >= LEAST_BEFORE)
        & (pl.col("session") < pl.col("life") - LEAST_AFTER)
    ).select("ticker", "time", "session", "move", "before", price.alias("price"))
    if large.is_empty():
        return large
    near = (
        moves.join(
            large.select("ticker", pl.col("session").alias("at"), pl.col("move").alias("jump")),
            on="ticker",
        )
        .with_columns((pl.col("session").cast(pl.Int64) - pl.col("at")).alias("offset"))
        .filter(pl.col("offset").abs() <= WINDOW)
    )
    offset = pl.col("offset")
    past, usual = offset < 0, (offset != 0)
    facts = near.group_by("ticker", "at").agg(
        price.filter(offset.is_between(-5, -1)).median().alias("level_before"),
        price.filter(offset.is_between(0, 4)).median().alias("level_after"),
        pl.col("move").filter(usual).abs().median().alias("usual_move"),
        *_ratio_to_past(daily, "range", offset, past),
        *_ratio_to_past(daily, "volume", offset, past),
        *_ratio_to_past(daily, "amount", offset, past),
    )
    return (
        large.join(facts, left_on=["ticker", "session"], right_on=["ticker", "at"])
        .join(crowd, on="time")
        .sort("ticker", "time")
    )


def _ratio_to_past(
    daily: pl.DataFrame, column: str, offset: pl.Expr, past: pl.Expr
) -> list[pl.Expr]:
    import polars as pl

    if column not in daily.columns:
        return [pl.lit(None, pl.Float64).alias(column)]
    value = pl.col(column)
    return [(value.filter(offset == 0).first() / value.filter(past).median()).alias(column)]


def _daily(prices: PriceTable, column: str) -> pl.DataFrame:
    """One row a ticker and day: price, range as a share, volume, amount traded."""
    import polars as pl

    have = prices.bars.columns
    bars = prices.bars.filter((pl.col(column) > 0) & pl.col(column).is_finite())
    if "time" in prices.names:
        bars = bars.with_columns(pl.col("time").cast(pl.Date))
    asks = [pl.col(column).last()]
    if "high" in have and "low" in have:
        asks += [pl.col("high").max(), pl.col("low").min()]
    if "volume" in have:
        asks.append(pl.col("volume").sum())
    if bars.select(
        (pl.struct("ticker", "time") == pl.struct("ticker", "time").shift()).any()
    ).item():
        bars = bars.group_by("ticker", "time", maintain_order=True).agg(asks)
    derived = []
    if "high" in have and "low" in have:
        derived.append((pl.col("high") / pl.col("low") - 1).alias("range"))
    if "volume" in have:
        volume = pl.when(pl.col("volume") > 0).then(pl.col("volume"))
        derived += [volume.alias("volume"), (volume * pl.col(column)).alias("amount")]
    return bars.with_columns(derived)


def _is_split(row: dict[str, float]) -> bool:
    """Whether a large move is a split: near a ratio, lasting, and on an ordinary day."""
    import math

    rest, ratio = min((abs(abs(row["move"] - row["market"]) - math.log(k)), k) for k in RATIOS)
    usual = 1.4826 * (row["usual_move"] or 0.0)
    if rest > min(MOST_OFF, max(LEAST_OFF, OWN_MOVES * usual)):
        return False
    lasting = math.log(row["level_after"] / row["level_before"])
    if abs(lasting - row["move"]) > 0.15 + 2 * usual:
        return False
    # the crowd of a crash comes in shares and in money alike, that of a split in neither
    crowd = [row[c] for c in ("volume", "amount") if row[c] is not None]
    if crowd and min(crowd) > CROWD:
        return False
    if row["range"] is not None and row["range"] > RANGE:
        return False
    # without volume a 3:2 split looks like any leap of a third
    return bool(crowd) or ratio >= 2


def _ratio(row: dict[str, float]) -> str:
    import math

    _, ratio = min((abs(abs(row["move"] - row["market"]) - math.log(k)), k) for k in RATIOS)
    shares = "3:2" if ratio == 1.5 else f"{ratio:g}:1"
    return f"a split of {shares}" if row["move"] < 0 else f"a reverse split of {shares}"
