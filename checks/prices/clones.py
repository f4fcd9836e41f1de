"""Which tickers hold the series of another: suspects by their large moves, proof by their bars.

Two series are one where the ratio of their prices is constant to within the rounding of both.
Funds on one index, share classes and pegged currencies keep close returns, but their ratio
drifts with fees, dividends and supply, and their opens, highs and lows differ.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ml_debugger.artifacts.bars import OHLC

if TYPE_CHECKING:
    import polars as pl

    from ml_debugger.artifacts import Bars

FEW_BARS = 200_000
"""Bars up to which every move is a mark; beyond, moves of at least `LARGE` usual ones."""
LARGE = 2.0
NEIGHBOURS = (1, 2, 3)
"""Clones stand beside each other when the moves of a day are sorted by size."""
LEAST_MARKS, LEAST_SHARE = 5, 0.2
"""Equal moves of two tickers, at least, and as a share of those of the one with fewer."""
MOST_PAIRS = 200
LEAST_BARS, LEAST_MOVES = 60, 30
"""Bars of one stretch that prove a clone, and those of them that moved."""
LEAST_SCALED = 250
"""The same where prices differ by a factor, and volumes too: funds on gold keep it for months."""
RESOLVED, RESOLVED_SCALED = 0.3, 0.02
"""Rounding as a share of the usual move, above which equal moves say nothing."""
EQUAL = 0.98
"""Share of bars whose opens, highs and lows, or volumes, must agree as well."""
COARSE = 0.01
"""The step of prices that suspects are allowed at most; the proof measures it."""


@dataclass(frozen=True)
class Clone:
    """A stretch in which `copy` holds the series of `ticker` times `ratio`, `shift` bars later.

    `whole` says that opens, highs and lows or volumes agree too. `times` and `sources` are those
    of the bars of both.
    """

    ticker: str
    copy: str
    ratio: float
    shift: int
    whole: bool
    times: pl.Series
    sources: pl.Series


def marks(bars: Bars) -> pl.DataFrame:
    """Moves that tell a series from others: `ticker`, `time`, `move`, `price` and `position`.

    `position` counts the bars of the ticker.
    """
    import numpy as np
    import polars as pl

    assert bars.growth is not None
    move = bars.growth.to_numpy() - 1
    known = np.isfinite(move) & (move != 0) & (move > -1)
    starts = bars.starts.to_numpy()
    if bars.frame.height > FEW_BARS:
        # a split that was left in must not hide the usual moves
        square = np.where(known, np.clip(move, -0.2, 0.2) ** 2, 0.0)
        moved = np.maximum(np.add.reduceat(known.astype(np.int64), starts), 1)
        usual = np.sqrt(np.add.reduceat(square, starts) / moved)
        known &= np.abs(move) >= LARGE * np.repeat(usual, np.diff([*starts, len(move)]))
    rows = np.flatnonzero(known)
    price = _price(list(bars.names))
    found = bars.frame.select("ticker", "time", pl.col(price).alias("price"))[rows]
    position = rows - starts[bars.number.to_numpy()[rows]]
    return found.with_columns(pl.Series("move", move[rows]), pl.Series("position", position))


def suspects(marks: pl.DataFrame) -> pl.DataFrame:
    """Pairs `a`, `b` with the number of equal moves `n` and the `shift` between their bars.

    `shift` is null where the moves stand at the same times.
    """
    import polars as pl

    tickers = marks["ticker"].unique().sort()
    number = pl.DataFrame({"ticker": tickers, "id": pl.int_range(len(tickers), eager=True)})
    table = marks.join(number, on="ticker", how="left", maintain_order="left").select(
        "id", "time", "move", "position", (COARSE / pl.col("price")).alias("rounding")
    )
    sizes = table.group_by("id").agg(pl.len().alias("marks"))
    pairs = pl.concat(
        [
            _neighbours(table.sort("time", "move", "id"), aligned=True),
            _neighbours(table.sort("move", "time", "id"), aligned=False),
        ]
    ).filter(pl.col("n") >= LEAST_MARKS)
    size = [sizes.rename({"id": name, "marks": f"of_{name}"}) for name in ("a", "b")]
    enough = pl.min_horizontal("of_a", "of_b") * LEAST_SHARE
    return (
        pairs.join(size[0], on="a")
        .join(size[1], on="b")
        .filter(pl.col("n") >= enough)
        .sort("n", "a", "b", descending=[True, False, False])
        .unique(["a", "b"], keep="first", maintain_order=True)
        .head(MOST_PAIRS)
        .select(
            pl.col("a").replace_strict(number["id"], tickers).alias("a"),
            pl.col("b").replace_strict(number["id"], tickers).alias("b"),
            "n",
            "shift",
        )
    )


def _neighbours(table: pl.DataFrame, aligned: bool) -> pl.DataFrame:
    """Pairs of equal moves that stand beside each other in a sorted table, counted."""
    import polars as pl

    found = []
    for step in NEIGHBOURS:
        other = {c: pl.col(c).shift(-step) for c in ("id", "time", "move", "position")}
        near = pl.col("rounding") + pl.col("rounding").shift(-step)
        distance = (pl.col("move") - other["move"]).abs()
        same_time = pl.col("time") == other["time"]
        match = same_time & (distance <= near) if aligned else ~same_time & (distance < 1e-10)
        first = pl.col("id") < other["id"]
        shift = other["position"] - pl.col("position")
        found.append(
            table.select(
                pl.min_horizontal(pl.col("id"), other["id"]).alias("a"),
                pl.max_horizontal(pl.col("id"), other["id"]).alias("b"),
                pl.when(first).then(shift).otherwise(-shift).alias("shift"),
                (match & (pl.col("id") != other["id"])).alias("match"),
            ).filter("match")
        )
    keys = ["a", "b"] if aligned else ["a", "b", "shift"]
    counted = pl.concat(found).group_by(keys).agg(pl.len().alias("n"))
    if aligned:
        counted = counted.with_columns(pl.lit(None, pl.Int64).alias("shift"))
    return counted.select("a", "b", pl.col("shift").cast(pl.Int64), "n")


def prove(frame: pl.LazyFrame, pairs: pl.DataFrame) -> Iterator[Clone]:
    """The clones among suspect pairs, by the bars of their tickers alone."""
    import polars as pl

    names = pl.concat([pairs["a"], pairs["b"]]).unique()
    rows = frame.filter(pl.col("ticker").is_in(names.implode())).collect(engine="streaming")
    held = {
        str(ticker): part.sort("time", maintain_order=True)
        for (ticker,), part in rows.partition_by("ticker", as_dict=True).items()
    }
    ticks = {ticker: _tick(part) for ticker, part in held.items()}
    for a, b, _, shift in pairs.iter_rows():
        first, second = _aligned(held[a], held[b], shift)
        found = _stretch(first, second, ticks[a], ticks[b])
        if found is None:
            continue
        start, stop, ratio, whole = found
        times, sources = second["time"][start:stop], first["time"][start:stop]
        # the copy is the ticker with the shorter history, or the one that runs behind
        if held[a].height < held[b].height or (shift is not None and shift < 0):
            yield Clone(b, a, 1 / ratio, -(shift or 0), whole, sources, times)
        else:
            yield Clone(a, b, ratio, shift or 0, whole, times, sources)


def _tick(bars: pl.DataFrame) -> float:
    """The step to which prices are rounded; zero for computed prices."""
    import numpy as np

    price = bars[_price(bars.columns)].drop_nulls().to_numpy().astype(float)
    for decimals in (2, 3, 4):
        if np.mean(np.abs(price - price.round(decimals)) < 1e-9 * np.abs(price)) > 0.95:
            return float(10.0**-decimals)
    return 0.0


def _price(columns: Sequence[str]) -> str:
    return next(c for c in ("close", "adj_close") if c in columns)


def _aligned(
    first: pl.DataFrame, second: pl.DataFrame, shift: int | None
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The bars of two tickers at the same times, or `shift` bars apart, row beside row."""
    if shift is not None:
        start = max(0, -shift)
        length = max(0, min(first.height - start, second.height - start - shift))
        return first.slice(start, length), second.slice(start + shift, length)
    left = first.unique("time", keep="first", maintain_order=True)
    right = second.unique("time", keep="first", maintain_order=True)
    return (
        left.join(right.select("time"), on="time", how="semi").sort("time"),
        right.join(left.select("time"), on="time", how="semi").sort("time"),
    )


def _stretch(
    first: pl.DataFrame, second: pl.DataFrame, tick_a: float, tick_b: float
) -> tuple[int, int, float, bool] | None:
    """The longest stretch of one constant ratio: start, stop, ratio and whether whole bars agree.

    None where none is long enough, or the rounding hides whether the ratio is constant.
    """
    import numpy as np

    price = _price(first.columns)
    a, b = first[price].to_numpy().astype(float), second[price].to_numpy().astype(float)
    good = np.isfinite(a) & np.isfinite(b) & (a > 0) & (b > 0)
    kept = np.flatnonzero(good)
    if len(kept) < LEAST_BARS:
        return None
    a, b = a[kept], b[kept]
    distance = np.log(b / a)
    near = 0.525 * (tick_a / a + tick_b / b) + 1e-9
    start, stop = _longest(distance, near)
    span = slice(start, stop)
    moves = np.diff(np.log(a[span]))
    if stop - start < LEAST_BARS or np.count_nonzero(moves) < LEAST_MOVES:
        return None
    level = float(np.median(distance[span]))
    usual = float(np.sqrt(np.mean(np.clip(moves, -0.2, 0.2) ** 2)))
    rounding = float(np.median(near[span])) / usual
    equal = bool(np.all(a[span] == b[span]))
    rows = kept[span]
    agreed = _bars_agree(first[rows], second[rows], level, tick_a, tick_b)
    crowd = _volumes_agree(first[rows], second[rows])
    enough = equal or crowd or (stop - start >= LEAST_SCALED and rounding <= RESOLVED_SCALED)
    if agreed is False or not enough or rounding > RESOLVED:
        return None
    return int(kept[start]), int(kept[stop - 1]) + 1, float(np.exp(level)), bool(agreed) or crowd


def _longest(distance: Any, near: Any) -> tuple[int, int]:
    """The longest stretch in which one ratio lies within the rounding of every bar."""
    low, high = (distance - near).tolist(), (distance + near).tolist()
    best, start = (0, 0), 0
    floor, roof = low[0], high[0]
    for n in range(len(low)):
        floor, roof = max(floor, low[n]), min(roof, high[n])
        if floor > roof:
            start, floor, roof = n, low[n], high[n]
        if n + 1 - start > best[1] - best[0]:
            best = (start, n + 1)
    return best


def _bars_agree(
    first: pl.DataFrame, second: pl.DataFrame, level: float, tick_a: float, tick_b: float
) -> bool | None:
    """Whether opens, highs and lows have the ratio of the closes; None where they say nothing."""
    import numpy as np

    shares = []
    for column in OHLC[:3]:
        if column not in first.columns or "close" not in first.columns:
            continue
        a, b = first[column].to_numpy().astype(float), second[column].to_numpy().astype(float)
        good = np.isfinite(a) & np.isfinite(b) & (a > 0) & (b > 0)
        informs = good & (first[column] != first["close"]).fill_null(False).to_numpy()
        if np.count_nonzero(informs) < LEAST_MOVES:
            continue
        a, b = a[informs], b[informs]
        off = np.abs(np.log(b / a) - level)
        shares.append(float(np.mean(off <= 1.05 * (tick_a / a + tick_b / b) + 1e-9)))
    return min(shares) >= EQUAL if shares else None


def _volumes_agree(first: pl.DataFrame, second: pl.DataFrame) -> bool:
    import numpy as np

    if "volume" not in first.columns:
        return False
    a, b = first["volume"].to_numpy().astype(float), second["volume"].to_numpy().astype(float)
    traded = (a > 0) & (b > 0)
    enough = np.count_nonzero(traded) >= LEAST_MOVES
    return bool(enough and np.mean(a[traded] == b[traded]) >= EQUAL)
