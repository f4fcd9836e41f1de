"""Stretches of a series that are 10, 100 or 1000 times off the level of its other bars."""

from __future__ import annotations

from typing import TYPE_CHECKING

from checks.prices.moves import mean_by_ticker, move_sizes
from checks.prices.surroundings import around

if TYPE_CHECKING:
    import polars as pl

    from ml_debugger.artifacts import Bars

POWERS = (1, 2, 3)
"""Tens, pence and cents, and thousands."""
REACH = 20
"""Bars on each side of a step that show the usual move and the usual volume."""
LEAST_OFF, MOST_OFF, OWN_MOVES = 0.02, 0.25, 4.0
"""How far a step may be from a power of ten: the bar has a move of its own too (logarithms)."""
MOST_USUAL = 0.15
"""Usual move, as a logarithm, from which a step by ten is a move of its market."""
WILD_MOVES, NEGATIVES = 2, 3
"""Large moves around that are no power of ten, and values below zero, of a series near zero."""
COARSE = 0.2
"""Smallest move around, as a logarithm: prices of a few ticks jump by ten on their own."""
RESTLESS = 0.6
"""Mean move of a ticker, cut at 1, from which it is no price: a return, a spread."""
STRETCH = 1.0
"""Logarithm: moves beyond it are steps and do not enter the usual move."""


def stretches(bars: Bars, column: str) -> pl.DataFrame:
    """Stretches of bars off their ticker's main level by a power of ten, by the steps of a column.

    Columns: `ticker`, `column`, `start`, `end` (times), `bars`, `power` (against the level of
    most bars), `first` and `last` (whether the stretch stands at an end of the ticker's life),
    `before` and `price` (on both sides of the step that enters it, or leaves it if it is first),
    `step` (its power of ten), `scaled` (volume after over volume before it, as a power of ten)
    and `adjusted` (whether the adjusted closes step along; null where the table has none).
    """
    import polars as pl

    steps = _steps(bars, column)
    numbered = steps.with_columns(pl.col("step").cum_sum().over("number").alias("level"))
    lives = (
        pl.DataFrame({"row": bars.starts.cast(pl.Int64)})
        .with_row_index("number")
        .with_columns(stop=pl.col("row").shift(-1, fill_value=bars.frame.height))
        .join(steps.filter("sound").select("number").unique(), on="number", how="semi")
    )
    begin = lives.select("number", "row", pl.lit(0, pl.Int64).alias("level"))
    parts = (
        pl.concat(
            [begin, numbered.join(begin.select("number"), on="number", how="semi")],
            how="diagonal",
        )
        .sort("number", "row")
        .join(lives.select("number", "stop"), on="number", maintain_order="left")
        .with_columns(
            pl.col("row").shift(-1).over("number").fill_null(pl.col("stop")).alias("until"),
            (pl.col("row") == pl.col("row").min().over("number")).alias("first"),
        )
        .with_columns((pl.col("until") - pl.col("row")).alias("bars"))
    )
    facts = ("step", "before", "price", "scaled", "adjusted")
    parts = parts.with_columns(
        pl.col("bars").sum().over("number", "level").alias("at level"),
        (pl.col("until") == pl.col("stop")).alias("last"),
        # what enters the first stretch is not in the table: the step that leaves it says as much
        *(
            pl.when("first").then(pl.col(c).shift(-1)).otherwise(c).alias(c)
            for c in facts
            if c in parts.columns
        ),
    ).with_columns(pl.col("level").sort_by("at level", "bars").last().over("number").alias("main"))
    leaves = pl.col("sound").shift(-1).over("number").fill_null(False)
    parts = parts.with_columns((pl.col("sound").fill_null(False) | leaves).alias("sound"))
    off = parts.filter((pl.col("level") != pl.col("main")) & pl.col("sound"))
    return off.select(
        bars.frame["ticker"].gather(off["row"]).alias("ticker"),
        pl.lit(column).alias("column"),
        bars.frame["time"].gather(off["row"]).alias("start"),
        bars.frame["time"].gather(off["until"] - 1).alias("end"),
        "bars",
        (pl.col("level") - pl.col("main")).alias("power"),
        "first",
        "last",
        *facts,
    )


def _steps(bars: Bars, column: str) -> pl.DataFrame:
    """Bars whose value is a power of ten times the one before: row, number, step and facts.

    `sound` are steps whose rest is a usual move of a price; the others only keep the level.
    """
    import polars as pl

    growth = _growth(bars, column)
    rows = _candidates(bars, column, growth)
    near = around(bars, rows, REACH, REACH)
    change = growth.gather(near["row"])
    near = near.with_columns(change.log().alias("move"), value=pl.col(column))
    offset, move = pl.col("offset"), pl.col("move")
    small = move.abs().filter((move.abs() < STRETCH) & (offset != 0))
    rest = _rest(move)
    far = (move.abs() >= STRETCH) & move.is_finite() & (rest > MOST_OFF)
    wild = far | (pl.col("value") < 0)
    volume = pl.col("volume") if "volume" in bars.names else pl.lit(None, pl.Float64)
    traded = pl.when((volume > 0) & volume.is_finite()).then(volume)
    adjusted = pl.lit(None, pl.Boolean)
    if "adj_close" in bars.names and column == "close":
        jump = pl.col("adj_close") / pl.col("adj_close").shift()
        adjusted = (jump.log().abs() > STRETCH).filter(offset == 0).first()
    facts = near.group_by(pl.col("at").alias("row"), maintain_order=True).agg(
        move.filter(offset == 0).first(),
        pl.max_horizontal(1.4826 * small.median(), small.mean()).fill_null(0.0).alias("usual"),
        small.filter(small > 0).min().alias("least"),
        pl.col("value").filter(offset == -1).first().alias("before"),
        pl.col("value").filter(offset == 0).first().alias("price"),
        (traded.filter(offset > 0).median() / traded.filter(offset < 0).median())
        .log10()
        .alias("scaled"),
        adjusted.alias("adjusted"),
        wild.sum().alias("wild"),
    )
    allowed = (OWN_MOVES * pl.col("usual")).clip(LEAST_OFF, MOST_OFF)
    sound = (
        (_rest(move) <= allowed)
        & (pl.col("usual") <= MOST_USUAL)
        & (pl.col("wild") < WILD_MOVES)
        & ~_coarse()
    )
    tens = move / pl.lit(10.0).log()
    return facts.select(
        "row",
        bars.number.gather(facts["row"]).alias("number"),
        sound.fill_null(False).alias("sound"),
        tens.round().cast(pl.Int64).alias("step"),
        "before",
        "price",
        "scaled",
        "adjusted",
    )


def _rest(move: pl.Expr) -> pl.Expr:
    """How far a move is from the next power of ten (logarithms)."""
    import polars as pl

    ten = pl.lit(10.0).log()
    return (move - (move / ten).round() * ten).abs()


def _coarse() -> pl.Expr:
    """Prices of a few ticks: large steps only, or one digit where nothing else moves."""
    import polars as pl

    low = pl.min_horizontal("before", "price")
    digit = low / pl.lit(10.0).pow(low.log10().floor())
    return (pl.col("least") >= COARSE).fill_null((digit - digit.round()).abs() < 1e-6)


def _growth(bars: Bars, column: str) -> pl.Series:
    """The value of a column over the one before, null at a ticker's first bar."""
    import polars as pl

    if column == "close" and bars.growth is not None:
        return bars.growth
    value = pl.col(column)
    ratio = pl.when(bars.same).then(value / value.shift())
    return bars.frame.select(ratio.alias("growth")).to_series()


def _candidates(bars: Bars, column: str, growth: pl.Series) -> pl.Series:
    """Rows that change by about a power of ten, in tickers that usually change by less."""
    import polars as pl

    far = ((growth >= 7.0) | (growth <= 1 / 7)) & (growth > 0)
    rows = far.fill_null(False).arg_true()
    if not len(rows):
        return rows
    tens = growth.gather(rows).log(10.0)
    power = tens.round()
    near = ((tens - power).abs() <= 0.12) & power.abs().is_between(min(POWERS), max(POWERS))
    rows = rows.filter(near.fill_null(False))
    mean = mean_by_ticker(move_sizes(growth), bars)
    rows = rows.filter(mean.gather(bars.number.gather(rows)) <= RESTLESS)
    below = bars.number.gather((bars.frame[column] < 0).fill_null(False).arg_true())
    signed = below.value_counts().filter(pl.col("count") >= NEGATIVES)["number"]
    return rows.filter(~bars.number.gather(rows).is_in(signed.implode()))
