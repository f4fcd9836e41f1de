"""LAB004 label-imbalance."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING

from ml_debugger.artifacts import FeatureTable, PriceTable, TrainingRun
from ml_debugger.contract import Evidence, Limit, Measurement, NotMeasured, Outcome, Sample, check

if TYPE_CHECKING:
    from ml_debugger.data.alignment import Placed

LEAST_ROWS = 100
LEAST_PERIODS = 20
"""Periods without overlap below which a share says little: its error is above 0.11."""
CLASSES = 5
SHARPE = 2.0
"""Annual; no broad market and few single stocks kept more over years."""
SLACK = 0.05
SESSIONS = 252
CERTAINTY = 3.0
_WEIGHT = re.compile(
    r"(?:^|_)(?:sample_?|class_?|row_?|train_?)?weights?(?:$|_\d|_label|_target)|^w$|uniqueness"
)
_HANDLED = re.compile(
    r"scale_pos_weight|class_weight|sample_weight|is_unbalance|pos_weight|auto_class_weights"
    r"|focal|balanced|oversampl|smote"
)
_DIRECTION = re.compile(r"(?:^|_)(?:dir|direction|up|updown|up_down|sign|movement)(?:$|_|\d)")
_OFF = ("", "none", "null", "false", "0", "1", "1.0", "no")


@dataclass(frozen=True)
class _Balance:
    """One label: how many rows are positive, and what the market explains."""

    name: str
    majority: float
    lean: float
    share: float
    allowed: float
    classes: bool
    words: str


@check(
    code="LAB004",
    name="label-imbalance",
    component="data",
    playbook="sign-bias",
    limits=(
        Limit(
            "majority_share",
            "share",
            "above",
            "share of the largest class of a label, where nothing weighs the classes",
            "beyond 19 of 20 rows a constant is right 95 % of the time, and early stopping on "
            "accuracy or error chooses it; event labels of one row in ten are ordinary",
            warn=0.9,
            fail=0.95,
        ),
        Limit(
            "unexplained_lean",
            "share",
            "above",
            "lower bound of how far positive and negative returns are from the balance that "
            "the market's own moves, or a strong drift, explain",
            "the project's record of 2025-12: 53 % of positive labels and a mean above zero are "
            "the market's own drift; beyond 5 points over it, rows or the threshold are chosen",
            warn=0.0,
            fail=0.1,
        ),
    ),
    profiles=("pre-train", "full"),
    explained_by=("label-horizon-mismatch", "label-misaligned"),
)
def label_imbalance(
    features: FeatureTable,
    prices: PriceTable | None,
    run: TrainingRun | None,
    sample: Sample,
) -> Outcome:
    """One class or sign of the label outweighs the others, and nothing handles it.

    What it measures:
        For labels that are classes, the share of the largest one. For returns, and classes
        that are named a direction (other classes may be events, rare by design),
        how far the share of positive ones is from one half, beyond the share over the same
        horizon in the linked prices, or without prices beyond what an annual Sharpe ratio of 2
        gives; five points are left for chance and choice, and three standard errors are taken
        off, with only as many rows as there are horizons without overlap. A column of weights,
        or a class weight in the settings of the linked run, counts as handled.

    Why it matters:
        Long horizons in a rising market are positive in 55 to 70 % of cases, and that is no
        fault. Beyond it a model that always says "up" is rewarded: the record's gradient
        boosting was positive in 99.7 % of its predictions.

    What to do:
        Weigh the rows (scale_pos_weight, class_weight, inverse frequency), or subtract the
        date's mean from the label. If prices are balanced and the label is not, look for
        dropped rows, a threshold far from zero, or a constant added.

    Sources:
        The project's record of 2025-12 (sign bias, weighting by inverse frequency). He and
        Garcia, Learning from Imbalanced Data, IEEE TKDE 21(9), 2009.
    """
    if not features.labels:
        return NotMeasured("has no label column")
    placed = _placed(features, prices, sample)
    judged = [
        found
        for name in features.labels[:16]
        if (found := _balance(name, features, placed, sample)) is not None
    ]
    if not judged:
        return NotMeasured("no label has enough rows of classes or signed returns")
    handled = _handled(run, sample)
    worst_class = max((x.majority for x in judged if x.classes), default=0.0)
    lean = max((x.lean for x in judged), default=0.0)
    worst = max(judged, key=lambda x: (x.lean > 0, x.classes and x.majority > 0.9, x.majority))
    title = worst.words if worst.lean > 0 or worst.majority > 0.9 else ""
    if not title:
        far = max(judged, key=lambda x: abs(x.share - 0.5))
        title = far.words if len(judged) == 1 else f"{len(judged)} labels balanced: {far.words}"
    if handled:
        title = f"{worst.words}; handled by {handled}"
        worst_class = lean = 0.0
    return Measurement(
        title,
        {"majority_share": worst_class, "unexplained_lean": lean},
        tuple(
            Evidence("share positive", round(x.share, 4), "share", f"{x.name}; {x.words}")
            for x in sorted(judged, key=lambda x: -abs(x.share - 0.5))[:5]
        ),
    )


def _balance(
    name: str, features: FeatureTable, placed: Placed | None, sample: Sample
) -> _Balance | None:
    import numpy as np
    import polars as pl

    values = sample.spread[name].cast(pl.Float64).to_numpy()
    values = values[np.isfinite(values)]
    if len(values) < LEAST_ROWS:
        return None
    distinct, counts = np.unique(values, return_counts=True)
    if len(distinct) == 1:
        return _Balance(name, 1.0, 0.0, 0.5, 0.5, True, f"{name} is {distinct[0]:g} in every row")
    classes = len(distinct) <= CLASSES
    majority = float(counts.max() / len(values))
    if classes:
        ends = values[(values == distinct[0]) | (values == distinct[-1])]
        share = float(np.mean(ends == distinct[-1]))
        largest = distinct[int(counts.argmax())]
        words = f"{majority:.1%} of {name} is {largest:g}"
    else:
        if (values >= 0).all() or (values <= 0).all():
            # a price, a volatility or a rank has no sign
            return None
        moved = values[values != 0]
        share = float(np.mean(moved > 0))
        words = f"{share:.1%} of {name} is positive"
    horizon = features.label_horizons.get(name, 1)
    lean, allowed, market = _lean(name, share, horizon, features, placed, sample, classes)
    if market is not None:
        words += f" (market: {market:.1%})"
    return _Balance(name, majority, lean, share, allowed, classes, words)


def _lean(
    name: str,
    share: float,
    horizon: int,
    features: FeatureTable,
    placed: Placed | None,
    sample: Sample,
    classes: bool,
) -> tuple[float, float, float | None]:
    """Lower bound of the unexplained lean, what is explained, and the market's own share."""
    periods = _periods(features, sample) / max(1, horizon)
    drift = NormalDist().cdf(SHARPE * math.sqrt(min(horizon, SESSIONS) / SESSIONS)) - 0.5
    # other classes may be events, whose thresholds lie where their maker wants them
    signed = not classes or bool(_DIRECTION.search(name.lower()))
    market = _market_share(horizon, placed) if placed is not None else None
    allowed = drift if market is None else abs(market - 0.5)
    if not signed or periods < LEAST_PERIODS:
        return 0.0, allowed, market
    error = 0.5 / math.sqrt(periods)
    # a share that the market's own moves explain differs from it by little on the same dates
    error = error if market is None else error / 2
    lean = abs(share - 0.5) - allowed - SLACK - CERTAINTY * error
    return max(0.0, lean), allowed, market


def _periods(features: FeatureTable, sample: Sample) -> float:
    """Independent rows: dates, or rows where there are none."""
    if features.time is not None:
        return float(sample.series[features.time].n_unique())
    return float(features.rows)


def _placed(features: FeatureTable, prices: PriceTable | None, sample: Sample) -> Placed | None:
    """The rows on the bars of their tickers, None where these are not known."""
    from ml_debugger.data.alignment import place

    keys = [key for key in (features.ticker, features.time) if key is not None]
    found = place(features, prices, sample.series.select(keys)) if keys else ""
    return None if isinstance(found, str) else found


def _market_share(horizon: int, placed: Placed) -> float | None:
    """Share of positive returns over a horizon among all that moved, in the linked prices."""
    import numpy as np

    closes = next(iter(placed.closes.values()))
    if len(closes) <= horizon:
        return None
    bars = placed.position[placed.position >= 0]
    within = np.arange(bars.min(), min(bars.max() + 1, len(closes) - horizon))
    same = placed.ticker[within] == placed.ticker[within + horizon]
    move = (closes[within + horizon] - closes[within])[same]
    move = move[np.isfinite(move) & (move != 0)]
    return float(np.mean(move > 0)) if len(move) >= LEAST_ROWS else None


def _handled(run: TrainingRun | None, sample: Sample) -> str | None:
    """The column of weights, or the setting of the linked run, that weighs the classes."""
    for column in sample.spread.columns:
        if _WEIGHT.search(column.lower()):
            return f"the column {column}"
    for name, value in (run.details if run is not None else {}).items():
        if _HANDLED.search(name.lower()) and str(value).strip().lower() not in _OFF:
            return f"{name} of {run.subject}" if run is not None else name
    return None
