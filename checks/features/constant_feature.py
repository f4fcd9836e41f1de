"""FEA002 constant-feature."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from checks.features.named import is_calendar, is_description, listed
from checks.features.timeline import Timeline, concerned, numbers, since, timeline
from ml_debugger.artifacts import FeatureTable
from ml_debugger.contract import (
    Evidence,
    Limit,
    Measurement,
    NotMeasured,
    Outcome,
    Sample,
    Setting,
    Settings,
    check,
)

if TYPE_CHECKING:
    import polars as pl

    from checks.features.timeline import Floats, Ints

LEAST_ROWS = 20
LEAST_PRESENT = 0.5
"""Share of rows that must have a value: a mark that is empty elsewhere is no constant."""
EQUAL = 1e-12
"""Relative difference up to which two floats are one value."""
USUAL = 0.5
"""Share of the sessions at which a feature must have moved while it was alive."""
LEAST_MOVES = 20
YEAR = 366
"""Days in which every part of the calendar comes by."""


@dataclass(frozen=True)
class _Stop:
    """A feature that moved and then stood still: from which step, for how many."""

    feature: str
    step: int
    length: int
    longest: int


@check(
    code="FEA002",
    name="constant-feature",
    component="data",
    playbook="market-data",
    limits=(
        Limit(
            "constant_features",
            "features",
            "above",
            "features with one value in all rows",
            "a variance of zero explains nothing and divides a scaler by zero",
            warn=0,
        ),
        Limit(
            "stopped_features",
            "features",
            "above",
            "features that moved at most sessions and stand still for all tickers at the end",
            "what varied in training and is one number now is no longer that feature",
            fail=0,
        ),
    ),
    settings=(
        Setting(
            "still_sessions",
            "sessions",
            20,
            "standing still for fewer sessions at the end is no evidence",
            "a month of daily sessions",
        ),
        Setting(
            "longest_times",
            "times",
            3,
            "how many times the feature's own longest pause the last one must be",
            "pauses of quiet markets differ by less from one another",
        ),
    ),
    profiles=("pre-train", "full"),
    explained_by=("stuck-feed",),
)
def constant_feature(features: FeatureTable, sample: Sample, settings: Settings) -> Outcome:
    """A feature has one value everywhere, or stopped moving.

    What it measures:
        Features with one value in all rows. And features that moved at half of the sessions or
        more while they were alive, and at the end of the table stand still for every ticker,
        three times longer than ever before and for 20 sessions at least. Features that move
        rarely (event marks, rates that are set by decree, sectors) are not judged for the end:
        their pauses say nothing. Parts of the calendar in a table of less than a year and
        descriptions (timeframe, version, sector, year) are constant by design.

    Why it matters:
        A constant explains nothing, and a scaler divides by its variance of zero. A feature that
        stopped is worse: the model relies on it, and gets a number that means nothing.

    What to do:
        Remove a constant feature. For one that stopped, look for the source that ended on the
        named date, and for a fill that hides it (forward fill, fill with 0).

    Sources:
        Documented rules of the peers: deepchecks "Is Single Value", and "zero variance" in
        ydata-profiling. Why a pause is held against the feature's own: sparse and stepwise
        features are healthy.
    """
    if features.rows < LEAST_ROWS:
        return NotMeasured(f"too few rows to call a feature constant: {features.rows}")
    line = timeline(features, sample.series)
    constant = _constant(features, sample, line)
    stops = _stops(features, sample.series, line, settings)
    evidence = [
        Evidence(
            "last movement before",
            line.at(s.step),
            None,
            f"{s.feature}, longest pause before: {s.longest} {line.noun}",
        )
        for s in stops[:3]
    ]
    evidence += [Evidence("only value", value, where=name) for name, value in constant.items()]
    parts = []
    if stops:
        names = listed([s.feature for s in stops])
        verb = "stands" if len(stops) == 1 else "stand"
        parts.append(f"{names} {verb} still since {line.at(stops[0].step)}")
    if constant:
        verb = "has" if len(constant) == 1 else "have"
        parts.append(f"{listed(list(constant))} {verb} one value in all rows")
    return Measurement(
        "; ".join(parts) or f"All {len(features.features)} features vary, to the end",
        {"constant_features": len(constant), "stopped_features": len(stops)},
        tuple(evidence[:5]),
        rows=concerned(
            features, {s.feature: (since(features, line, s.step), "stands still") for s in stops}
        ),
    )


def _constant(features: FeatureTable, sample: Sample, line: Timeline) -> dict[str, float]:
    """Features with one value, and the value; of those that are not so by design."""
    import polars as pl

    judged = [c for c in features.features if not _by_design(c, line)]
    low = sample.spread.select(pl.col(judged).min()).row(0) if judged else ()
    high = sample.spread.select(pl.col(judged).max()).row(0) if judged else ()
    close = [c for c, x, y in zip(judged, low, high, strict=True) if x is not None and _one(x, y)]
    found = _single(sample.spread.lazy(), close)
    return _single(features.frame, list(found)) if sample.step > 1 else found


def _one(low: float, high: float) -> bool:
    """Whether the lowest and the highest value are one, but for rounding."""
    return high - low <= EQUAL * max(abs(low), abs(high))


def _single(frame: pl.LazyFrame, columns: list[str]) -> dict[str, float]:
    """Those columns that have one value on most rows and no other, and the value."""
    import polars as pl

    if not columns:
        return {}
    schema = frame.collect_schema()
    asked = []
    for number, name in enumerate(columns):
        column = pl.col(name).cast(pl.Float64)
        known = column.filter(column.is_finite()) if schema[name].is_float() else column
        asked += [known.min().alias(f"{number} low"), known.max().alias(f"{number} high")]
        asked += [known.count().alias(f"{number} known")]
    counted = frame.select(*asked, pl.len().alias("rows")).collect(engine="streaming")
    row = counted.row(0, named=True)
    return {
        name: row[f"{number} low"]
        for number, name in enumerate(columns)
        if row[f"{number} known"] >= max(1, LEAST_PRESENT * row["rows"])
        and _one(row[f"{number} low"], row[f"{number} high"])
    }


def _by_design(name: str, line: Timeline) -> bool:
    if is_description(name):
        return True
    if line.moments is None or line.moments.is_empty() or not is_calendar(name):
        return False
    return bool((line.moments[-1] - line.moments[0]).days < YEAR)


def _stops(
    features: FeatureTable, series: pl.DataFrame, line: Timeline, settings: Settings
) -> list[_Stop]:
    """Features that moved and then stood still for every ticker, the longest standing first."""
    import numpy as np

    least = int(settings["still_sessions"])
    later = np.flatnonzero(line.tickers[1:] == line.tickers[:-1]) + 1
    end = later[line.steps[later] >= line.count - least]
    everyone = len(np.unique(line.tickers))
    # tickers that end on different dates leave a few at the end that speak for nobody
    if line.count < 3 * least or len(np.unique(line.tickers[end])) < everyone / 2:
        return []
    now, before = series[end], series[end - 1]
    found = []
    for name in features.features:
        if is_calendar(name):
            continue
        moves = numbers(now, name) - numbers(before, name)
        known = moves[np.isfinite(moves)]
        if len(known) >= len(end) / 2 and not known.any():
            stop = _stop(name, numbers(series, name), line, later)
            if stop.length >= max(least, settings["longest_times"] * stop.longest):
                found.append(stop)
    return sorted(found, key=lambda stop: -stop.length)


def _stop(name: str, values: Floats, line: Timeline, later: Ints) -> _Stop:
    """The last pause of a feature; of length 0 where it rarely moved before."""
    import numpy as np

    moves = values[later] - values[later - 1]
    known = np.isfinite(moves)
    seen, moved = np.zeros((2, line.count), bool)
    seen[line.steps[later[known]]] = True
    moved[line.steps[later[known & (moves != 0)]]] = True
    steps = np.flatnonzero(seen)
    at = np.flatnonzero(moved[steps])
    if len(at) < LEAST_MOVES or len(at) < USUAL * (at[-1] + 1):
        return _Stop(name, 0, 0, 0)
    longest = int(np.diff(at).max()) - 1
    length = len(steps) - 1 - int(at[-1])
    return _Stop(name, int(steps[at[-1] + 1]), length, longest)
