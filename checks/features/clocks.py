"""Columns that only count time: what they are exact functions of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from checks.features.timeline import Timeline, numbers

if TYPE_CHECKING:
    import numpy as np
    import polars as pl

    Floats = np.ndarray[tuple[int, ...], np.dtype[np.float64]]
    Bools = np.ndarray[tuple[int, ...], np.dtype[np.bool_]]

SCREEN_ROWS = 5_000
NEAR = 1 - 1e-4
"""Squared correlation with a clock from which a column is compared with it exactly."""
EXACT = 2e-6
"""Largest residual as a share of the range: single precision holds 10 years to 128 seconds."""
STEADY = 0.98
"""Share of the rows on which a column must follow its clock: a file may have been mended."""
LEAST_VALUES = 3
"""A column of two values is a mark, not a count."""


INDICES = ("row", "row of its ticker", "session", "time", "date", "date in digits", "year, decimal")
"""Clocks that never show one time twice to a ticker."""
PERIODS = ("year", "year and month in digits", "months", "quarters", "weeks")
"""Clocks that stand still within a period, and never come round again."""


def clocks(line: Timeline) -> dict[str, Floats]:
    """Every way to count time that is known for rows of whole tickers, by its name."""
    import numpy as np
    import polars as pl

    found = {"row of its ticker": _within(line), "session": line.steps.astype(np.float64)}
    if line.moments is None:
        return found
    moment = line.moments
    year, month, day = (
        part.cast(pl.Float64).to_numpy()
        for part in (moment.dt.year(), moment.dt.month(), moment.dt.day())
    )
    days = moment.cast(pl.Date).cast(pl.Int32).cast(pl.Float64).to_numpy()
    seconds = moment.cast(pl.Datetime("us")).cast(pl.Int64).cast(pl.Float64).to_numpy() / 1e6
    of_year = moment.dt.ordinal_day().cast(pl.Float64).to_numpy()
    by_step = {
        "time": seconds,
        "date": days,
        "date in digits": year * 10_000 + month * 100 + day,
        "year, decimal": year + of_year / 366,
        "year": year,
        "year and month in digits": year * 100 + month,
        "months": year * 12 + month,
        "quarters": year * 4 + np.floor((month - 1) / 3),
        "weeks": np.floor((days + 3) / 7),
    }
    return {**found, **{name: values[line.steps] for name, values in by_step.items()}}


def followed(
    frame: pl.DataFrame, columns: list[str], known: Mapping[str, Floats]
) -> dict[str, str]:
    """The clock that each column rises with exactly; columns that follow none are left out."""
    import numpy as np

    every = max(1, frame.height // SCREEN_ROWS)
    few = frame.gather_every(every)
    names = list(known)
    beats = np.stack([known[name][::every] for name in names])
    found: dict[str, str] = {}
    for column in columns:
        values = numbers(few, column)
        finite = np.isfinite(values)
        if finite.sum() < LEAST_VALUES:
            continue
        near = _correlations(values[finite], beats[:, finite])
        # several clocks may tick alike in a short table: the first that fits says enough
        for number in np.flatnonzero(near > NEAR):
            whole = numbers(frame, column)
            if _follows(whole, known[names[number]]):
                found[column] = names[number]
                break
    return found


def _correlations(values: Floats, beats: Floats) -> Floats:
    """Correlation of a column with each clock; 0 where either stands still."""
    import numpy as np

    centred = values - values.mean()
    ticking = beats - beats.mean(axis=1, keepdims=True)
    power = np.sqrt((centred @ centred) * (ticking**2).sum(axis=1))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.nan_to_num(ticking @ centred / power))


def _follows(values: Floats, clock: Floats) -> bool:
    """Whether a column is the clock times a positive constant plus a constant."""
    import numpy as np

    finite = np.isfinite(values)
    values, clock = values[finite], clock[finite]
    ticks = len(np.unique(clock))
    if ticks < LEAST_VALUES:
        return ticks > 1 and bool(np.array_equal(values, clock))
    first, last = int(np.argmin(clock)), int(np.argmax(clock))
    slope = (values[last] - values[first]) / (clock[last] - clock[first])
    rest = np.abs(values - values[first] - slope * (clock - clock[first]))
    span = abs(values[last] - values[first])
    return bool(slope > 0 and np.mean(rest <= EXACT * span) >= STEADY)


def _within(line: Timeline) -> Floats:
    """The number of each row within its ticker, in the order of time."""
    import numpy as np

    order = np.lexsort((line.steps, line.tickers))
    tickers = line.tickers[order]
    starts = np.flatnonzero(np.diff(tickers, prepend=-1))
    sizes = np.diff(starts, append=len(tickers))
    number = np.empty(len(tickers))
    number[order] = np.arange(len(tickers)) - np.repeat(starts, sizes)
    return number
