"""LEK001 target-in-features."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ml_debugger.artifacts import FeatureTable
from ml_debugger.contract import Evidence, Limit, Measurement, NotMeasured, Outcome, Sample, check

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[tuple[int, ...], np.dtype[np.float64]]
    Mask = np.ndarray[tuple[int, ...], np.dtype[np.bool_]]

LEAST_ROWS = 30
CERTAINTY = 4.0
"""Standard errors of Fisher's z taken off, so that chance among thousands of pairs stays below."""
EXACT = 1 - 1e-9
"""A level (a future price) correlates with today's price by nature: only a copy counts there."""


@check(
    code="LEK001",
    name="target-in-features",
    component="data",
    playbook="leakage",
    limits=(
        Limit(
            "correlation",
            "correlation",
            "above",
            "lower bound of the largest absolute correlation between a feature and a label",
            "what is known today explains little of a future return: correlations of published "
            "signals with daily and monthly returns rarely exceed 0.1 (Gu, Kelly and Xiu 2020)",
            warn=0.5,
            fail=0.8,
        ),
    ),
    profiles=("quick", "pre-train", "full"),
    explained_by=("label-misaligned",),
)
def target_in_features(features: FeatureTable, sample: Sample) -> Outcome:
    """A feature holds the target.

    What it measures:
        The correlation of every feature with every label, on up to 100,000 rows spread evenly.
        Four standard errors are taken off, with as many independent rows as the label's horizon
        leaves, so that small samples and overlapping windows do not raise an alarm. Labels that
        are levels (a future price) move with today's price by nature: there only copies and
        exact multiples count.

    Why it matters:
        A model that is given the answer has perfect validation scores and no skill. The usual
        ways in: a return over the label's own window (returns, log_returns, momentum_1d), or a
        label column that was left among the features.

    What to do:
        Remove the named feature, or shift it so that it ends before the label's window begins.
        Then train anew: every score of the old model is void.

    Sources:
        The project's record of 2025-12 (returns, log_returns and momentum_1d beside a return
        target). Kaufman, Rosset and Perlich, Leakage in data mining, KDD 2011.
        Fisher's z transform for the bound.
    """
    import numpy as np

    if not features.labels:
        return NotMeasured("has no label column")
    if not features.features:
        return NotMeasured("has no feature beside its labels")
    outcomes = _outcomes(features, sample)
    found: list[tuple[float, float, str, str]] = []
    judged = 0
    for feature in features.features if outcomes else ():
        column = _column(sample, feature)
        known = np.isfinite(column)
        for outcome in outcomes:
            bound, raw = _bound(column, known, outcome)
            judged += not math.isnan(bound)
            if outcome.level:
                bound = abs(raw) if abs(raw) >= EXACT else 0.0
            if bound > 0.5:
                found.append((bound, raw, feature, outcome.label))
    if not judged:
        return NotMeasured("no feature and label share enough finite rows")
    found.sort(reverse=True)
    if not found:
        width = len(features.features)
        return Measurement(f"No feature of {width} follows a label", {"correlation": 0.0})
    bound, raw_value, feature, label = found[0]
    more = len({name for _, _, name, _ in found}) - 1
    title = f"{feature} holds {label} (correlation {raw_value:.3f})"
    if more:
        title += f", and {more} more feature{'s' if more > 1 else ''}"
    return Measurement(
        title,
        {"correlation": bound},
        tuple(
            Evidence("correlation", round(r, 6), where=f"{name} with {target_name}")
            for _, r, name, target_name in found[:5]
        ),
    )


@dataclass(frozen=True)
class _Outcome:
    """A label on the sampled rows: its values, which are known, how many rows overlap."""

    label: str
    values: Array
    known: Mask
    horizon: float
    level: bool


def _outcomes(features: FeatureTable, sample: Sample) -> list[_Outcome]:
    """The labels that vary and are known on enough rows."""
    import numpy as np

    found = []
    for label in features.labels:
        values = _column(sample, label)
        known = np.isfinite(values)
        if known.sum() < LEAST_ROWS or np.std(values[known]) == 0:
            continue
        horizon = max(1.0, features.label_horizons.get(label, 1) / sample.step)
        found.append(_Outcome(label, values, known, horizon, _is_level(values[known])))
    return found


def _column(sample: Sample, name: str) -> Array:
    """A column of the sample as floats, NaN where there is none."""
    import polars as pl

    return sample.spread[name].cast(pl.Float64).to_numpy()


def _is_level(target: Array) -> bool:
    """Whether a label is a price and no return: of one sign and far from zero for its spread.

    Classes are no levels, however rare one of them is.
    """
    import numpy as np

    if len(np.unique(target[:10_000])) <= 10:
        return False
    return bool(np.all(target > 0) and np.median(target) > 0.5 * np.std(target))


def _bound(column: Array, known: Mask, outcome: _Outcome) -> tuple[float, float]:
    """Lower bound of the absolute correlation with a label, and the correlation; NaN if unknown."""
    both = known & outcome.known
    count = int(both.sum())
    if count < LEAST_ROWS:
        return math.nan, math.nan
    whole = count == len(both)
    x = _centred(column if whole else column[both])
    y = _centred(outcome.values if whole else outcome.values[both])
    # sums of products, not BLAS: its threads wait for each other on a busy machine
    power = math.sqrt(float((x * x).sum()) * float((y * y).sum()))
    if not power > 0:
        return math.nan, math.nan
    raw = float((x * y).sum()) / power
    width = CERTAINTY / math.sqrt(max(count / outcome.horizon - 3, 1e-9))
    bound = math.tanh(math.atanh(min(abs(raw), 1 - 1e-12)) - width)
    return max(bound, 0.0), raw


def _centred(values: Array) -> Array:
    """Deviations from the mean, scaled first so that squares of large amounts lose nothing."""
    import numpy as np

    deviations: Array = values - values.mean()
    largest = max(float(np.max(deviations)), -float(np.min(deviations)))
    return deviations / largest if largest > 0 else deviations
