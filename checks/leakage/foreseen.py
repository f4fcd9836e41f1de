"""Features against the returns after their rows, wherever these returns can be had."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ml_debugger.artifacts import FeatureTable, PriceTable
from ml_debugger.contract import Sample

if TYPE_CHECKING:
    import polars as pl

    from ml_debugger.data.foresight import Relation
    from ml_debugger.data.innovations import Series

MOST_ROWS = 20_000
"""A correlation is then known to 0.007 where rows are independent; more rows cost, and add less
than their dates do."""
LEAST_TIMES = 120
SECOND = 1_000_000
COPY = 0.8
MOST_TICKERS = 60


@dataclass(frozen=True)
class Foreseen:
    """What was found; `certain` is false where rows were put on bars by day alone."""

    relations: list[Relation]
    certain: bool = True


def foreseen(features: FeatureTable, prices: PriceTable | None, sample: Sample) -> Foreseen | str:
    """Relations of all features to later returns; a reason where there are no returns."""
    from ml_debugger.data.alignment import own_closes, place, place_on_own
    from ml_debugger.data.innovations import series_of

    rows = _few(features, sample.series)
    keys = [key for key in (features.ticker, features.time) if key is not None]
    linked = place(features, prices, rows.select(keys)) if keys else "it has no keys"
    if isinstance(linked, str) and features.ticker is None and prices is not None:
        wide = _by_name(features, prices, rows)
        if wide is not None:
            return Foreseen(wide)
    carried = rows.select([*keys, *sorted(own_closes(rows.columns))])
    placed = place_on_own(features, carried) if isinstance(linked, str) else linked
    if not isinstance(placed, str):
        reason = _unfit(placed.position, placed.time, placed.ticker)
        if reason is not None:
            return reason
        found = _relations(features.features, rows, series_of(placed))
        return Foreseen(found, placed.certain)
    series = _from_label(features, rows)
    if isinstance(series, str):
        return f"{linked}, {placed}, and {series}"
    rows, of_label = series
    return Foreseen(_relations(features.features, rows, of_label))


def holding_labels(features: FeatureTable, sample: Sample, columns: Sequence[str]) -> list[str]:
    """Those of some columns that are a label, or nearly: target-in-features names them."""
    import numpy as np
    import polars as pl

    found = []
    for column in columns:
        for label in features.labels:
            pair = sample.spread.select(pl.col(column, label).cast(pl.Float64)).to_numpy()
            pair = pair[np.isfinite(pair).all(axis=1)]
            moves = len(pair) > 30 and bool((pair.std(axis=0) > 0).all())
            if moves and abs(float(np.corrcoef(pair.T)[0, 1])) >= COPY:
                found.append(column)
                break
    return found


def _few(features: FeatureTable, series: pl.DataFrame) -> pl.DataFrame:
    """Whole tickers at even distances, or the last rows of the first one."""
    import polars as pl

    if len(series) <= MOST_ROWS:
        return series
    if features.ticker is None:
        return series.tail(MOST_ROWS)
    counts = series.group_by(features.ticker, maintain_order=True).len()
    each = max(1, int(MOST_ROWS / max(1.0, float(len(series) / len(counts)))))
    chosen = counts.gather_every(-(-len(counts) // each))
    kept = chosen.filter(pl.col("len").cum_sum() <= MOST_ROWS)
    if kept.is_empty():
        first = counts[features.ticker][0]
        return series.filter(pl.col(features.ticker) == first).tail(MOST_ROWS)
    return series.filter(pl.col(features.ticker).is_in(kept[features.ticker].implode()))


def _unfit(position: object, time: object, ticker: object) -> str | None:
    """Why returns on these bars cannot be judged."""
    import numpy as np

    bars, stamps, numbers = np.asarray(position), np.asarray(time), np.asarray(ticker)
    times = len(np.unique(stamps[bars[bars >= 0]]))
    if times < LEAST_TIMES:
        return f"too few times to tell foresight from chance: {times}"
    steps = np.diff(stamps)[np.diff(numbers) == 0]
    apart = float(np.median(steps)) if len(steps) else 0.0
    if 1 < apart < 60 * SECOND:
        return "bars are under a minute apart: order flow rightly foretells the next one"
    return None


def _relations(
    names: Iterable[str], rows: pl.DataFrame, series: Series, tests: int | None = None
) -> list[Relation]:
    import numpy as np
    import polars as pl

    from ml_debugger.data.foresight import relations

    names = list(names)
    columns = rows.select(pl.col(names).cast(pl.Float32)).to_numpy()
    return relations(names, np.ascontiguousarray(columns), series, tests or len(names))


def _by_name(
    features: FeatureTable, prices: PriceTable, rows: pl.DataFrame
) -> list[Relation] | None:
    """A wide table: each column against the bars of the one ticker in its name; None if none."""
    import polars as pl

    from ml_debugger.data.alignment import place
    from ml_debugger.data.innovations import series_of

    if features.time is None or rows[features.time].n_unique() < len(rows):
        return None
    unique = prices.frame.select(pl.col("ticker").unique()).collect(engine="streaming")
    tickers = set(unique["ticker"].drop_nulls().to_list())
    groups: dict[str, list[str]] = {}
    for column in features.features:
        named = tickers & set(re.split(r"[^A-Za-z0-9.\-]+", column))
        if len(named) == 1:
            groups.setdefault(named.pop(), []).append(column)
    tests = sum(map(len, groups.values()))
    found: list[Relation] | None = None
    for ticker, columns in list(groups.items())[:MOST_TICKERS]:
        placed = place(features, prices, rows.select(features.time), ticker)
        if isinstance(placed, str) or _unfit(placed.position, placed.time, placed.ticker):
            continue
        found = (found or []) + _relations(columns, rows, series_of(placed), tests)
    return found


def _from_label(features: FeatureTable, rows: pl.DataFrame) -> tuple[pl.DataFrame, Series] | str:
    """The shortest label as the return of the next period: every horizon-th row of a ticker."""
    import numpy as np
    import polars as pl

    from ml_debugger.data.innovations import Series

    claims = {label: features.label_horizons.get(label, 1) for label in features.labels}
    for label, horizon in sorted(claims.items(), key=lambda item: item[1]):
        number = (
            rows[features.ticker].rle_id()
            if features.ticker is not None
            else pl.repeat(0, len(rows), dtype=pl.UInt32, eager=True)
        )
        numbered = rows.with_columns(number.alias("\x1fticker"))
        within = pl.int_range(pl.len()).over("\x1fticker")
        kept = numbered.filter(within % horizon == 0)
        ticker = kept["\x1fticker"].to_numpy().astype(np.int64)
        ahead = kept[label].cast(pl.Float64).to_numpy()
        known = ahead[np.isfinite(ahead)]
        if len(known) < LEAST_TIMES or np.std(known) == 0 or _overlaps(ahead):
            continue
        returns = np.full(len(kept), np.nan)
        same = np.diff(ticker) == 0
        returns[1:] = np.where(same, ahead[:-1] - known.mean(), np.nan)
        time = np.arange(len(kept), dtype=np.int64)
        if features.time is not None:
            time = kept[features.time].rank("dense").cast(pl.Int64).fill_null(0).to_numpy().copy()
        position = np.arange(len(kept), dtype=np.int64)
        reason = _unfit(position, time, ticker)
        if reason is None:
            return kept, Series(returns, ticker, time, position)
    return "no label has enough periods without overlap"


def _overlaps(label: object) -> bool:
    """Whether neighbouring values share their time: their correlation is above 0.4."""
    import numpy as np

    values = np.asarray(label, dtype=np.float64)
    later, sooner = values[1:], values[:-1]
    known = np.isfinite(later) & np.isfinite(sooner)
    return bool(np.corrcoef(later[known], sooner[known])[0, 1] > 0.4)
