"""FEA003 unscaled-feature."""

from __future__ import annotations

import math
from statistics import median

from ml_debugger.artifacts import FeatureTable
from ml_debugger.contract import Evidence, Limit, Measurement, NotMeasured, Outcome, Sample, check

LEAST_FEATURES = 3
LEAST_ROWS = 50
LARGE = 1_000.0
"""Standard deviation below which no scale is called large, whatever the others have."""


@check(
    code="FEA003",
    name="unscaled-feature",
    component="data",
    playbook="market-data",
    limits=(
        Limit(
            "scale_ratio",
            "ratio",
            "above",
            "standard deviation over that of the middle feature of the table",
            "ratios up to 1,000 are ordinary (an index from 0 to 100 beside daily returns); the "
            "project's record of 2025-12: a standard deviation of 1.2 million fed to a network",
            warn=1e4,
            fail=1e6,
        ),
    ),
    profiles=("pre-train", "full"),
    explained_by=("unit-error", "time-as-feature"),
)
def unscaled_feature(features: FeatureTable, sample: Sample) -> Outcome:
    """A feature's scale is far above that of the others.

    What it measures:
        The standard deviation of each feature over that of the middle feature of its table, on
        up to 100,000 rows spread evenly.
        Only spreads above 1,000 are judged. Prices and volumes of a file that carries whole bars
        are the source of the features, not features, and are not judged.

    Why it matters:
        In a network one unscaled column (a raw volume) saturates the first layer, and its
        gradients drown the others. Trees do not care for scale, so for a table that only feeds
        trees this finding is harmless: waive it with that reason.

    What to do:
        Take logarithms or ratios to the feature's own past instead of raw amounts, and fit a
        scaler on the training rows only.

    Sources:
        The project's record of 2025-12 (standard deviation of 1.2 million, loss of NaN).
        LeCun, Bottou, Orr and Mueller, Efficient BackProp, 1998, section 4.3.
    """
    spreads = _spreads(features, sample)
    if features.rows < LEAST_ROWS:
        return NotMeasured(f"too few rows to know the scales: {features.rows}")
    if len(spreads) < LEAST_FEATURES:
        return NotMeasured(f"too few features that vary to compare: {len(spreads)}")
    ratios = {
        c: s / median(other for name, other in spreads.items() if name != c)
        for c, s in spreads.items()
    }
    judged = {c: ratios[c] if spreads[c] > LARGE else min(ratios[c], 1.0) for c in ratios}
    worst = max(judged, key=lambda c: judged[c])
    far = sorted((c for c in judged if judged[c] > 1e4), key=lambda c: -judged[c])
    title = f"Scales of {len(spreads)} features are comparable"
    if far:
        more = f"; {len(far) - 1} more like it" if len(far) > 1 else ""
        usual = spreads[worst] / judged[worst]
        title = f"{worst} has a spread of {_plain(spreads[worst])}, the usual is {_plain(usual)}"
        title += more
    return Measurement(
        title,
        {"scale_ratio": judged[worst]},
        tuple(Evidence("standard deviation", spreads[c], where=c) for c in far[:5]),
    )


def _spreads(features: FeatureTable, sample: Sample) -> dict[str, float]:
    """Standard deviation of each feature that varies, over its finite values."""
    import polars as pl

    schema = sample.spread.schema

    def finite(name: str) -> pl.Expr:
        column = pl.col(name).cast(pl.Float64)
        return column.filter(column.is_finite()) if schema[name].is_float() else column

    row = sample.spread.select(finite(c).std() for c in features.features).row(0, named=True)
    return {c: s for c, s in row.items() if s is not None and math.isfinite(s) and s > 0}


def _plain(spread: float) -> str:
    """Three digits, without an exponent for what people read as it stands."""
    return f"{float(f'{spread:.3g}'):,.10g}" if 1e-4 < spread < 1e9 else f"{spread:.3g}"
