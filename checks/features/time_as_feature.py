"""FEA007 time-as-feature."""

from __future__ import annotations

from collections.abc import Mapping

from checks.features.clocks import INDICES, PERIODS, clocks, followed
from checks.features.identifiers import identifiers
from checks.features.named import is_age, is_calendar, is_key, listed
from checks.features.timeline import Timeline, timeline
from ml_debugger.artifacts import FeatureTable
from ml_debugger.contract import Evidence, Limit, Measurement, NotMeasured, Outcome, Sample, check

LEAST_ROWS = 30
YEAR = 366


@check(
    code="FEA007",
    name="time-as-feature",
    component="data",
    playbook="market-data",
    limits=(
        Limit(
            "time_indices",
            "features",
            "above",
            "features that count rows or time, and are not named as keys",
            "every value of tomorrow lies outside of all that was trained on",
            fail=0,
        ),
        Limit(
            "period_counters",
            "features",
            "above",
            "features that count years, quarters, months or weeks",
            "a tree can only learn from them which past period a row belongs to",
            warn=0,
        ),
        Limit(
            "identifiers",
            "features",
            "above",
            "numbers that name a row or a ticker, and times under the name of a key",
            "numbers without an order; harmless where they are left out or embedded by name",
            warn=0,
        ),
    ),
    profiles=("pre-train", "full"),
)
def time_as_feature(features: FeatureTable, sample: Sample) -> Outcome:
    """A time or an identifier stands among the features.

    What it measures:
        Features that are an exact linear function of the row number, of the session, of the
        time, of the date (also in digits, as 20240115), or of the count of years, quarters,
        months or weeks; and whole numbers that name a row or a ticker. What comes round again
        (month, day of the week, hour, sines) is healthy, and so is a time that differs from
        ticker to ticker (since the listing, to the expiry) and a sum of what was traded (OBV),
        which is no exact function of time. Columns named like keys (index, timestamp,
        ticker_id) may be left out by whoever trains, so they only warn.

    Why it matters:
        A tree splits on time and remembers what each period brought: perfect in training,
        useless on any day to come, which lies beyond the last split. With a shuffled split
        it is a leak. The number of a ticker lets the model remember the ticker.

    What to do:
        Leave the column out, or make it the index of the table. Use parts of the calendar that
        come round again. Let the model treat a ticker's number as a category.

    Sources:
        Kaufman, Rosset and Perlich, Leakage in data mining, KDD 2011: identifiers and times as
        leaks. deepchecks "Identifier-Label Correlation".
    """
    if features.rows < LEAST_ROWS:
        return NotMeasured(f"too few rows to know a count from a feature: {features.rows}")
    line = timeline(features, sample.series)
    found = _clocks(features, sample, line)
    rest = [name for name in features.features if name not in found]
    named = identifiers(features, sample.spread, rest)
    keys = {name: clock for name, clock in found.items() if is_key(name)}
    own = {name: clock for name, clock in found.items() if name not in keys}
    indices = [name for name, clock in own.items() if clock in INDICES]
    periods = [name for name, clock in own.items() if clock in PERIODS]
    values = {
        "time_indices": len(indices),
        "period_counters": len(periods),
        "identifiers": len(keys) + len(named),
    }
    parts = []
    if indices:
        parts.append(f"{listed(indices)} only {_counts(indices, own)}")
    if periods:
        parts.append(f"{listed(periods)} only {_counts(periods, own)}")
    if keys or named:
        plural = "is a key" if len(keys) + len(named) == 1 else "are keys"
        parts.append(f"{listed([*keys, *named])} {plural} among the features")
    evidence = [
        Evidence("rises exactly with", clock, where=name) for name, clock in {**own, **keys}.items()
    ]
    evidence += [Evidence("names a", what, where=name) for name, what in named.items()]
    title = "; ".join(parts)
    title = title or f"None of {len(features.features)} features counts time or names a row"
    return Measurement(title, values, tuple(evidence[:5]))


def _clocks(features: FeatureTable, sample: Sample, line: Timeline) -> dict[str, str]:
    """The clock that each feature follows, where it follows one."""
    import numpy as np

    short = _days(line) < YEAR
    judged = [
        name for name in features.features if not is_age(name) and not (short and is_calendar(name))
    ]
    row = {"row": np.arange(sample.spread.height, dtype=np.float64)}
    found = followed(sample.spread, judged, row)
    rest = [name for name in judged if name not in found]
    return {**found, **followed(sample.series, rest, clocks(line))}


def _days(line: Timeline) -> int:
    if line.moments is None or line.moments.is_empty():
        return YEAR
    return int((line.moments[-1] - line.moments[0]).days)


def _counts(names: list[str], clocks: Mapping[str, str]) -> str:
    """What the first of some features counts, in words."""
    clock = clocks[names[0]]
    verb = "counts" if len(names) == 1 else "count"
    if clock in INDICES:
        return f"{verb} {'rows' if clock.startswith('row') else 'time'}"
    return f"{verb} {'years' if clock == 'year' else 'months' if 'month' in clock else clock}"
