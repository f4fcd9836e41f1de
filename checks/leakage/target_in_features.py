"""LEK001 target-in-features."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ml_debugger.artifacts import FeatureTable
from ml_debugger.contract import Evidence, Limit, Measurement, NotMeasured, Outcome, Sample, check

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[tuple[int, ...], np.dtype[np.float64]]

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
    import polars as pl

    if not features.labels:
        return NotMeasured("has no label column")
    if not features.features:
        return NotMeasured("has no feature beside its labels")
    columns = [*features.features, *features.labels]
    values = sample.spread.select(columns).cast(pl.Float64).to_numpy(writable=True)
    values[~np.isfinite(values)] = np.nan
    width = len(features.features)
    found: list[tuple[float, float, str, str]] = []
    judged = 0
    for position, label in enumerate(features.labels):
        target = values[:, width + position]
        known = np.isfinite(target)
        if known.sum() < LEAST_ROWS or np.nanstd(target) == 0:
            continue
        horizon = features.label_horizons.get(label, 1)
        level = _is_level(target[known])
        bounds, raw = _bounds(values[known, :width], target[known], max(1.0, horizon / sample.step))
        judged += int(np.isfinite(bounds).sum())
        if level:
            bounds = np.where(np.abs(raw) >= EXACT, np.abs(raw), 0.0)
        for column in np.flatnonzero(bounds > 0.5):
            found.append(
                (float(bounds[column]), float(raw[column]), features.features[column], label)
            )
    if not judged:
        return NotMeasured("no feature and label share enough finite rows")
    found.sort(reverse=True)
    if not found:
        return Measurement(f"No feature of {width} follows a label", {"correlation": 0.0})
    bound, raw_value, feature, label = found[0]
    more = len({name for _, _, name, _ in found}) - 1
    title = f"{feature} holds {label} (correlation {raw_value:.3f})"
    if more:
        title += f", and {more} more features"
    return Measurement(
        title,
        {"correlation": bound},
        tuple(
            Evidence("correlation", round(r, 6), where=f"{name} with {target_name}")
            for _, r, name, target_name in found[:5]
        ),
    )


def _is_level(target: Array) -> bool:
    """Whether a label is a price and no return: of one sign and far from zero for its spread.

    Classes are no levels, however rare one of them is.
    """
    import numpy as np

    if len(np.unique(target[:10_000])) <= 10:
        return False
    return bool(np.all(target > 0) and np.median(target) > 0.5 * np.std(target))


def _bounds(columns: Array, target: Array, horizon: float) -> tuple[Array, Array]:
    """Lower bounds of the absolute correlations with a target, and the correlations."""
    import numpy as np

    finite = np.isfinite(columns)
    count = finite.sum(axis=0)
    filled = np.where(finite, columns, 0.0)
    safe = np.maximum(count, 1)
    centred = np.where(finite, columns - filled.sum(axis=0) / safe, 0.0)
    outcome = np.where(finite, target[:, None], 0.0)
    outcome = np.where(finite, target[:, None] - outcome.sum(axis=0) / safe, 0.0)
    # scaled first, so that squares of large amounts do not lose what small ones say
    centred /= np.maximum(np.abs(centred).max(axis=0), 1e-300)
    outcome /= np.maximum(np.abs(outcome).max(axis=0), 1e-300)
    power = np.sqrt((centred**2).sum(axis=0) * (outcome**2).sum(axis=0))
    with np.errstate(invalid="ignore", divide="ignore"):
        raw = np.where(power > 0, (centred * outcome).sum(axis=0) / power, np.nan)
        independent = count / horizon
        width = CERTAINTY / np.sqrt(np.maximum(independent - 3, 1e-9))
        bound = np.tanh(np.arctanh(np.minimum(np.abs(raw), 1 - 1e-12)) - width)
    enough = (count >= LEAST_ROWS) & np.isfinite(raw)
    return np.where(enough, np.maximum(bound, 0.0), np.nan), np.where(enough, raw, np.nan)
