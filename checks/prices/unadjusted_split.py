"""PRC012 unadjusted-split."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from checks.prices.split_ratios import nearest, said
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

NO_SHARES = r"(?:^|\s)\^|=[XF]$"
"""Indices, currencies and futures, as vendors write them: what has no shares cannot split."""
WINDOW = 20
"""Sessions on each side that show the level, the usual move and the usual trading."""
LEAST_BEFORE, LEAST_AFTER = 5, 3
"""Sessions that must stand before and after a jump to know the levels."""
CANDIDATE = 0.33
"""Natural logarithm: smaller moves than 1 to 1.39 are no split of the list."""
OWN_MOVES = 3.0
"""A split's session has a move of its own too; it is rarely above three usual ones."""
EXTREME = 8.0
"""Usual moves below which a jump is the ticker's own: coins double within a month, and shares of a
dollar lose a third in a session as often as others lose a tenth."""
MOST_OFF, LEAST_OFF = 0.07, 0.02
"""How far the rest of the move may be from zero at most, and is always allowed to be."""
CROWD, RANGE = 2.5, 2.5
"""A crash trades several times the usual amount in several times the usual range."""
LONGEST_PAUSE = 15
"""Usual steps without a bar, across which prices move by themselves as far as a split does."""
GREAT, BUSY = 8.0, 2.0
"""Ratio from which news is all but excluded, so that the day may be twice as busy."""
CALM = 2.5
"""Usual moves after the jump over those before it: a split leaves them, news do not."""
LEAST_MARKET = 5
"""Tickers whose middle move is the market's, even if a share class splits with its sister."""


def gather(bars: Bars) -> Mapping[str, pl.DataFrame]:
    """`jumps`: large moves with what surrounds them, where a ticker is long enough."""
    column = _column(bars.names)
    return {} if column is None else _jumps(bars, column)


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
        Limit(
            "likely_splits",
            "jumps",
            "above",
            "such jumps where closes are all there is",
            "without range and volume a crash to exactly the half cannot be told apart: look it up",
            warn=0,
        ),
    ),
    profiles=("pre-train", "full"),
    explained_by=("unit-error", "ticker-reuse"),
    gather=gather,
)
def unadjusted_split(prices: PriceTable, found: Gathered) -> Outcome:
    """A stock split was not taken out of the prices.

    What it measures:
        Jumps between neighbouring sessions that lie within the ticker's usual move of a
        split ratio (3:2, 2:1, 3:1 ... 50:1, and reverse splits from 2:1 on), after the
        market's own move is taken off. They must be far beyond what is usual, the new
        level must last, and the day must be ordinary otherwise: a range and an amount
        traded like those before. A crash or a leap on news trades several times as
        much, so it is not taken for a split; where closes are all there is, only a jump
        by exactly a ratio of two or more counts, and is a warning. Adjusted closes are
        judged where the table has them, because raw closes jump by right.

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
    import re

    if _column(prices.names) is None:
        return NotMeasured("has no close")
    if "jumps" not in found:
        return NotMeasured(f"no ticker has {3 * LEAST_BEFORE} sessions")
    jumps = found["jumps"]
    splits = [
        row
        for row in jumps.iter_rows(named=True)
        if _is_split(row) and not re.search(NO_SHARES, row["ticker"] or "")
    ]
    if not splits:
        return Measurement(
            f"No split left in {plural(prices.rows, 'bar')}; {plural(jumps.height, 'large move')}",
            {"splits": 0, "likely_splits": 0},
        )
    tickers = len({row["ticker"] for row in splits})
    seen = sum(_traded(row) for row in splits)
    kind = "unadjusted split" if seen else "likely split"
    return Measurement(
        f"{plural(len(splits), kind)} in {plural(tickers, 'ticker')}",
        {"splits": seen, "likely_splits": len(splits) - seen},
        tuple(
            Evidence(
                "jump",
                f"{row['before']:g} to {row['price']:g}, like {said(row)}",
                where=f"{row['ticker']} {row['time']}",
            )
            for row in splits[:5]
        ),
        rows=lambda: _rows(splits),
    )


def _traded(row: Mapping[str, Any]) -> bool:
    """Whether range or volume tell how the session of a jump was traded."""
    return any(row[name] is not None for name in ("volume", "amount", "range"))


def _rows(splits: list[dict[str, Any]]) -> pl.DataFrame:
    import polars as pl

    return pl.DataFrame(
        [{"ticker": s["ticker"], "time": s["time"], "detail": said(s)} for s in splits]
    )


def _column(names: Mapping[str, str]) -> str | None:
    """The closes that are to be free of splits."""
    return next((c for c in ("adj_close", "close") if c in names), None)


def _jumps(bars: Bars, column: str) -> Mapping[str, pl.DataFrame]:
    """Large moves with what surrounds them; nothing where no ticker is long enough.

    Only the neighbourhoods of large moves are looked at, so millions of ordinary bars cost one
    comparison each.
    """
    import polars as pl

    daily = _daily(bars, column)
    if daily.height < 3 * LEAST_BEFORE:
        return {}
    same = (pl.col("ticker") == pl.col("ticker").shift()).fill_null(False)
    before = pl.col("price").shift()
    moves = daily.select(
        "ticker",
        "time",
        "price",
        before.alias("before"),
        pl.when(same).then((pl.col("price") / before).log()).alias("move"),
        pl.when(same).then(pl.col("time").diff()).alias("step"),
        pl.int_range(pl.len()).alias("row"),
    )
    usual = pl.col("step").median()
    large = moves.filter(
        (pl.col("move").abs() >= CANDIDATE) & (pl.col("step") <= LONGEST_PAUSE * usual)
    ).drop("step")
    crowd = (
        moves.join(large.select("time").unique(), on="time", how="semi")
        .group_by("time")
        .agg(
            pl.when(pl.len() >= LEAST_MARKET)
            .then(pl.col("move").median())
            .otherwise(0.0)
            .alias("market")
        )
    )
    facts = _surroundings(daily, moves, large)
    return {"jumps": large.join(facts, on="row").join(crowd, on="time").sort("ticker", "time")}


def _surroundings(daily: pl.DataFrame, moves: pl.DataFrame, large: pl.DataFrame) -> pl.DataFrame:
    """Levels, the usual move, and range and trading against the past, by row of a large move."""
    import polars as pl

    offset = pl.col("offset")
    near = (
        large.select(pl.col("row").alias("at"), "ticker")
        .with_columns(pl.lit(list(range(-WINDOW, WINDOW + 1))).alias("offset"))
        .explode("offset")
        .with_columns((pl.col("at") + offset).alias("row"))
        .filter(pl.col("row").is_between(0, daily.height - 1))
    )
    rows = near["row"]
    around = pl.concat(
        [
            near.rename({"ticker": "jumped"}),
            daily[rows.to_list()],
            moves[rows.to_list()].select("move"),
        ],
        how="horizontal",
    ).filter(pl.col("ticker") == pl.col("jumped"))
    derived = {"volume": pl.col("volume"), "amount": pl.col("volume") * pl.col("price")}
    if "volume" not in daily.columns:
        derived = {name: pl.lit(None, pl.Float64) for name in derived}
    derived["range"] = pl.lit(None, pl.Float64)
    if "high" in daily.columns and "low" in daily.columns:
        derived["range"] = pl.col("high") / pl.col("low") - 1
    around = around.with_columns(e.alias(name) for name, e in derived.items())

    def to_past(name: str) -> pl.Expr:
        value = pl.when((pl.col(name) > 0) & pl.col(name).is_finite()).then(pl.col(name))
        return value.filter(offset == 0).first() / value.filter(offset < 0).median()

    price = pl.col("price")
    step = price.diff().abs()
    facts = around.group_by(pl.col("at").alias("row")).agg(
        price.filter(offset.is_between(-5, -1)).median().alias("level_before"),
        price.filter(offset.is_between(0, 4)).median().alias("level_after"),
        pl.col("move").filter(offset != 0).abs().median().alias("usual_move"),
        pl.col("move").filter(offset < 0).abs().median().alias("calm_before"),
        pl.col("move").filter(offset > 0).abs().median().alias("calm_after"),
        step.filter(step > 0).min().alias("tick"),
        (offset < 0).sum().alias("sessions_before"),
        (offset > 0).sum().alias("sessions_after"),
        *(to_past(name).alias(name) for name in derived),
    )
    return facts.filter(
        (pl.col("sessions_before") >= LEAST_BEFORE) & (pl.col("sessions_after") >= LEAST_AFTER)
    )


def _daily(bars: Bars, column: str) -> pl.DataFrame:
    """One row a ticker and day: `price`, and high, low and volume where the table has them."""
    import polars as pl

    have = [c for c in ("high", "low", "volume") if c in bars.names]
    daily = bars.frame.filter((pl.col(column) > 0) & pl.col(column).is_finite()).select(
        "ticker", "time", pl.col(column).alias("price"), *have
    )
    if daily.schema["time"] == pl.Date or not bars.dated:
        return daily
    merged = {"high": pl.col("high").max(), "low": pl.col("low").min()}
    merged["volume"] = pl.col("volume").sum()
    return daily.group_by("ticker", pl.col("time").cast(pl.Date), maintain_order=True).agg(
        pl.col("price").last(), *(merged[c] for c in have)
    )


def _is_split(row: dict[str, Any]) -> bool:
    """Whether a large move is a split: near a ratio, lasting, and on an ordinary day."""
    import math

    rest, ratio = nearest(row)
    usual = 1.4826 * (row["usual_move"] or 0.0)
    crowd = [row[c] for c in ("volume", "amount") if row[c] is not None]
    # closes alone cannot tell a crash from a split, so only an exact ratio counts there
    seen = bool(crowd) or row["range"] is not None
    allowed = min(MOST_OFF, max(LEAST_OFF, OWN_MOVES * usual)) if seen else LEAST_OFF
    if seen and ratio >= GREAT:
        allowed = MOST_OFF
    if rest > allowed or abs(row["move"]) < EXTREME * usual:
        return False
    # a cent that becomes two is one tick of the market
    if row["tick"] and math.log1p(row["tick"] / min(row["price"], row["before"])) > MOST_OFF:
        return False
    lasting = math.log(row["level_after"] / row["level_before"])
    if abs(lasting - row["move"]) > 0.15 + 2 * usual:
        return False
    busy = BUSY if ratio >= GREAT else 1.0
    # the crowd of a crash comes in shares and in money alike, that of a split in neither
    if crowd and min(crowd) > busy * CROWD:
        return False
    if row["range"] is not None and row["range"] > busy * RANGE:
        return False
    if crowd:
        return True
    # without volume a 3:2 split looks like any leap of a third
    return ratio >= 2 and (row["calm_after"] or 0.0) <= CALM * (row["calm_before"] or math.inf)
