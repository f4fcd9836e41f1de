"""FEA008 sparse-feature."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from checks.features.coverage import PERIODS, Lapse, Periods
from checks.features.named import is_calendar, plain
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

    from checks.features.coverage import Bools
    from checks.features.timeline import Floats

LEAST_STEPS = 4 * PERIODS
LEAST_MISSING = 1 / (2 * PERIODS)
"""Share of missing rows below which no whole period can be empty."""
START = 0.03
"""Share of the time, from its beginning, in which a filled feature shows what it is filled with."""
FILLINGS = (0.0, -1.0, 1.0, 0.5, 50.0, 100.0, -99.0, -999.0, -9999.0)
"""What missing values are filled with; any other number that lasts is a level, as of a maximum."""
CLASSES = 10
"""Values up to which a feature is a mark or a class, and standing on one of them no filling."""
SOURCES = re.compile(
    r"(?:^|_)(?:sentiment|news|social|tweets?|twitter|reddit|trends?_google|google_trends?|"
    r"analysts?|estimates?|eps|pe|pb|ps|ev|ebitda|revenue|earnings|dividend|book|debt|fundamental|"
    r"short_interest|insider|institutional|options?|iv|put_call|funding|onchain|on_chain|esg|"
    r"fear_greed|macro|cpi|gdp)(?:_|$)"
)
"""Names of what comes from a source of its own and needs no window of prices to fill."""


@check(
    code="FEA008",
    name="sparse-feature",
    component="data",
    playbook="market-data",
    limits=(
        Limit(
            "uncovered_share",
            "share",
            "above",
            "rows before a feature's source begins or after it ends, in the feature with most",
            "a source either covers the table or not; a fifth of the rows is a fold of its own",
            warn=0,
            fail=0.2,
        ),
    ),
    settings=(
        Setting(
            "warm_up",
            "rows",
            260,
            "an empty start of so many rows may be a window that fills",
            "a year of sessions, the longest window in common use (52-week high)",
        ),
        Setting(
            "source_warm_up",
            "rows",
            30,
            "the same for sentiment, fundamentals and other sources that are no price window",
            "smoothing over a month",
        ),
    ),
    profiles=("pre-train", "full"),
)
def sparse_feature(features: FeatureTable, sample: Sample, settings: Settings) -> Outcome:
    """A feature has no values before or after a date.

    What it measures:
        The share of rows with a value in each of 24 periods of the table's time, over all
        tickers. A feature is accused when it is empty up to a date or from a date on, and is
        covered steadily on the other side. Empty also means that all tickers have one and the
        same number, to which missing values were filled. Windows that fill at the start of each
        ticker are healthy: tickers that began later show whether emptiness comes with their age
        or with the date. Where no ticker began later, an empty start counts only when it is
        longer than a year of rows, or than 30 rows for sentiment, fundamentals and the like.
        Regular sparsity (a value each week or quarter) and tickers without coverage are healthy.

    Why it matters:
        The model learns that missing means the past, or that zero is neutral, which was never
        measured. Folds before the date are trained on another set of features than those after.

    What to do:
        Begin the training rows at the date, or leave the feature out. Where a source ended,
        find out whether it ended for good, and train without it.

    Sources:
        The project's record of 2025-12: sentiment and fundamentals as further features.
        Little and Rubin, Statistical Analysis with Missing Data: values that are missing by
        time are not missing at random.
    """
    line = timeline(features, sample.spread)
    if line.count < LEAST_STEPS:
        return NotMeasured(
            f"too few {line.noun} to see periods: {line.count}, and {LEAST_STEPS} are needed"
        )
    periods = Periods.of(line, sample.step)
    found: dict[str, Lapse] = {}
    for name, present in _doubtful(features, sample.spread, line).items():
        lapses = periods.lapses(present, _warm_up(name, settings))
        if lapses:
            found[name] = max(lapses, key=lambda lapse: lapse.share)
    worst = sorted(found, key=lambda name: -found[name].share)
    if not worst:
        title = f"{len(features.features)} features are covered over the whole time"
        return Measurement(title, {"uncovered_share": 0.0})
    lapse = found[worst[0]]
    word = "before" if lapse.side == "before" else "from"
    title = f"{worst[0]} has no values {word} {line.at(lapse.step)} ({lapse.share:.0%} of rows)"
    if len(worst) > 1:
        title += f"; {len(worst) - 1} more lapse"
    return Measurement(
        title,
        {"uncovered_share": lapse.share},
        tuple(
            Evidence(
                f"share of rows {found[name].side}",
                round(found[name].share, 3),
                None,
                f"{name} {found[name].side} {line.at(found[name].step)}",
            )
            for name in worst[:5]
        ),
        rows=concerned(
            features, {n: (_side(features, line, found[n]), "no values") for n in worst}
        ),
    )


def _side(features: FeatureTable, line: Timeline, lapse: Lapse) -> pl.Expr:
    later = since(features, line, min(lapse.step, line.count - 1))
    return later if lapse.side == "after" else ~later


def _warm_up(name: str, settings: Settings) -> int:
    """The rows that a window of this feature may take to fill."""
    if SOURCES.search(plain(name)):
        return int(settings["source_warm_up"])
    windows = [int(number) for number in re.findall(r"\d+", name) if len(number) < 6]
    return int(max([settings["warm_up"], *(2 * window for window in windows)]))


def _doubtful(features: FeatureTable, rows: pl.DataFrame, line: Timeline) -> dict[str, Bools]:
    """Features with many empty or filled rows, and on which rows they have a value."""
    import numpy as np

    start = np.flatnonzero(line.steps <= START * line.count)
    early = rows[start]
    found = {}
    for name in features.features:
        first = numbers(early, name)
        filling = first[np.isfinite(first)]
        filled = (
            len(filling) > len(first) / 2
            and filling[0] in FILLINGS
            and bool(np.all(filling == filling[0]))
        )
        if not filled and not _lacks(rows, name):
            continue
        values = numbers(rows, name)
        present = np.isfinite(values)
        if filled and not is_calendar(name) and _varies(values):
            present &= values != filling[0]
        if present.mean() < 1 - LEAST_MISSING:
            found[name] = present
    return found


def _lacks(rows: pl.DataFrame, name: str) -> bool:
    column = rows[name]
    missing = column.null_count() + (column.is_nan().sum() if column.dtype.is_float() else 0)
    return missing > LEAST_MISSING * len(column)


def _varies(values: Floats) -> bool:
    import numpy as np

    return len(np.unique(values[np.isfinite(values)])) > CLASSES
