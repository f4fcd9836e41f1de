"""Moves that the next bar takes back, with what tells a wrong price from a true one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from checks.prices.moves import mean_by_ticker, move_sizes
from checks.prices.surroundings import around

if TYPE_CHECKING:
    import polars as pl

    from ml_debugger.artifacts import Bars

LEAST_MOVE = 0.025
"""Smaller moves are not looked at: they cost little and are everywhere."""
LEAST_TIMES = 4.0
"""Mean moves of the ticker, and usual moves around, below which a move is not looked at."""
TAKEN_BACK = 0.35
"""Share of the move that may be left after the next bar."""
REACH, PAST = 40, 20
"""Bars on each side that show the usual move, and those before that show range and volume."""
OPENING = 0.5
"""Usual move overnight over the usual move, up to which an open is a price of its own."""
PLACES = 7
"""Decimal places that a price may have, less one: fractions of a cent in coins."""
CROWD = 3
"""Tickers with a bar at that time from which on their middle move is the market's."""


def spikes(bars: Bars) -> pl.DataFrame:
    """Bars whose close leaves its neighbours and comes back, with the facts around them.

    Columns: `ticker`, `time`, `before`, `price`, `after` (closes), `move` and `back` (logarithms,
    less the market's own), `usual` (the usual move around), `others` (the third largest move
    around that was taken back), `ticks` (the move in the smallest step around), `volume` and
    `range` against their medians in the 20 bars before, `gap` (the share of the move that the
    next open has taken back), and `bars` around. Facts are null where the columns are missing;
    `gap` also where opens lie no nearer to the close before than to their own.
    """
    import polars as pl

    candidates = _candidates(bars)
    column = "close" if "close" in bars.names else "adj_close"
    near = around(bars, candidates, REACH, REACH).with_columns(pl.col(column).alias("price"))
    offset, price = pl.col("offset"), pl.col("price")
    near = near.with_columns(
        pl.when((pl.col("growth") > 0) & pl.col("growth").is_finite())
        .then(pl.col("growth").log())
        .alias("move")
    )
    size = pl.min_horizontal(pl.col("move").abs(), pl.col("move").shift(-1).abs())
    follows = pl.col("at") == pl.col("at").shift(-1)
    turned = follows & (pl.col("move") * pl.col("move").shift(-1) < 0)
    near = near.with_columns(
        pl.when(turned).then(size).alias("turn"),
        pl.when((pl.col("move").abs() > 0) & (pl.col("at") == pl.col("at").shift()))
        .then(price.diff().abs())
        .alias("step"),
        _range(bars).alias("range"),
        (pl.col("volume") if "volume" in bars.names else pl.lit(None, pl.Float64)).alias("volume"),
        (pl.col("open") if "open" in bars.names else pl.lit(None, pl.Float64)).alias("opened"),
    )
    before = pl.when(pl.col("at") == pl.col("at").shift()).then(price.shift())
    sound = (pl.col("opened") > 0) & pl.col("opened").is_finite()
    near = near.with_columns(
        pl.when(sound).then((pl.col("opened") / before).log()).alias("overnight"),
        pl.when(sound).then("opened").alias("opened"),
    )
    apart = ~offset.is_between(-1, 2)

    def at(name: str, place: int) -> pl.Expr:
        return pl.col(name).filter(offset == place).first()

    def to_past(name: str) -> pl.Expr:
        value = pl.when((pl.col(name) > 0) & pl.col(name).is_finite()).then(pl.col(name))
        past = value.filter(offset.is_between(-PAST, -1)).median()
        return value.filter(offset == 0).first() / past

    usual = pl.col("move").abs().filter(apart)
    facts = near.group_by("at", maintain_order=True).agg(
        at("ticker", 0),
        at("time", 0),
        at("time", 1).alias("next"),
        at("price", -1).alias("before"),
        at("price", 0),
        at("price", 1).alias("after"),
        at("move", 0),
        at("move", 1).alias("back"),
        pl.max_horizontal(1.4826 * usual.median(), usual.mean()).alias("usual"),
        # the third largest: two more wrong prices nearby do not hide this one
        pl.col("turn").filter(apart).top_k(3).min().alias("others"),
        (at("price", 0) - at("price", -1)).abs().alias("points"),
        pl.col("step").filter(apart).min().alias("tick"),
        to_past("volume").alias("volume"),
        to_past("range").alias("range"),
        at("opened", 1).alias("opened"),
        pl.col("overnight").abs().filter(apart).median().alias("overnight"),
        apart.sum().alias("bars"),
    )
    size = pl.min_horizontal(pl.col("move").abs(), pl.col("back").abs())
    facts = facts.filter(size >= LEAST_TIMES * pl.col("usual"))
    facts = _less_market(facts, bars).with_columns(
        pl.when(pl.col("overnight") <= OPENING * pl.col("usual"))
        .then((pl.col("price") / pl.col("opened")).log() / pl.col("move"))
        .alias("gap"),
        (pl.col("points") / pl.coalesce("tick", _decimal_step())).alias("ticks"),
    )
    return facts.drop("at", "next", "points", "tick", "opened", "overnight")


def _candidates(bars: Bars) -> pl.Series:
    """Rows whose close moves far for its ticker and is taken back by the next one."""
    import polars as pl

    assert bars.growth is not None
    growth = pl.col("growth")
    moves = move_sizes(bars.growth)
    mean = mean_by_ticker(moves, bars)
    # only the few large moves are held against their ticker and against the bar after them
    rows = (moves > LEAST_MOVE).arg_true()
    rows = rows.filter(moves.gather(rows) >= LEAST_TIMES * mean.gather(bars.number.gather(rows)))
    rows = rows.filter(rows + 1 < bars.frame.height)
    after = bars.growth.gather(rows + 1)
    pairs = pl.DataFrame({"row": rows, "growth": bars.growth.gather(rows), "after": after})
    turned = ((growth > 1) & (pl.col("after") < 1)) | ((growth < 1) & (pl.col("after") > 1))
    left = (growth * pl.col("after") - 1).abs() <= TAKEN_BACK * (growth - 1).abs()
    return pairs.filter((growth > 0) & (pl.col("after") > 0) & turned & left)["row"]


def _decimal_step() -> pl.Expr:
    """The step that the places of three prices allow, where nothing else around has moved."""
    import polars as pl

    step = pl.lit(None, pl.Float64)
    for places in reversed(range(PLACES)):
        exact = pl.all_horizontal(
            (pl.col(c) - pl.col(c).round(places)).abs() < 1e-9 for c in ("before", "price", "after")
        )
        step = pl.when(exact).then(10.0**-places).otherwise(step)
    return step


def _range(bars: Bars) -> pl.Expr:
    import polars as pl

    if "high" not in bars.names or "low" not in bars.names:
        return pl.lit(None, pl.Float64)
    return pl.col("high") / pl.col("low") - 1


def _less_market(facts: pl.DataFrame, bars: Bars) -> pl.DataFrame:
    """Moves less the middle move of all tickers at that time, where there are three or more."""
    import polars as pl

    if len(bars.starts) < CROWD or not facts.height:
        return facts
    assert bars.growth is not None
    times = pl.concat([facts["time"], facts["next"].rename("time")]).unique()
    # looking dates up is several times cheaper than a join of all bars
    rows = bars.frame["time"].is_in(times.implode()).arg_true()
    growth = pl.col("growth")
    market = (
        pl.DataFrame([bars.frame["time"].gather(rows), bars.growth.gather(rows)])
        .group_by("time")
        .agg(
            pl.when(pl.len() >= CROWD)
            .then(growth.filter(growth > 0).median().log())
            .otherwise(0.0)
            .fill_null(0.0)
            .alias("market")
        )
    )
    second = market.rename({"time": "next", "market": "market next"})
    return (
        facts.join(market, on="time", how="left", maintain_order="left")
        .join(second, on="next", how="left", maintain_order="left")
        .with_columns(
            pl.col("move") - pl.col("market").fill_null(0.0),
            pl.col("back") - pl.col("market next").fill_null(0.0),
        )
        .drop("market", "market next")
    )
