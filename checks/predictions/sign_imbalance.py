"""PRD002 sign-imbalance."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING

from checks.predictions.outcomes import groups, independent_dates, with_outcomes
from ml_debugger.artifacts import Predictions, PriceTable
from ml_debugger.contract import Evidence, Limit, Measurement, NotMeasured, Outcome, check

if TYPE_CHECKING:
    import numpy as np
    import polars as pl

SIGNIFICANT = 2.576
LEAST_PERIODS = 10


@dataclass(frozen=True)
class _Balance:
    """Shares of positive predictions and outcomes of one group; `gap` in points, 0 in noise."""

    label: str
    predicted: float
    expected: str
    gap: float
    error: float | None
    rows: int


@check(
    code="PRD002",
    name="sign-imbalance",
    component="performance",
    playbook="sign-bias",
    limits=(
        Limit(
            "sign_gap",
            "points",
            "above",
            "distance of the share of positive predictions from what outcomes allow, "
            "0 where it lies within the noise",
            "13 points: from there published prediction files were called biased by hand; "
            "35 points: the project's record of 2025-12 (99.7 % and 94 % on one side, "
            "where 53 % of days rise)",
            fail=35,
            warn=13,
        ),
    ),
    explained_by=(
        "collapsed-predictions",
        "sign-collapse",
        "label-imbalance",
        "missing-sample-weights",
        "unscaled-feature",
    ),
    profiles=("quick", "full"),
)
def sign_imbalance(predictions: Predictions, prices: PriceTable | None) -> Outcome:
    """The model predicts one direction far more often than it comes.

    What it measures:
        The share of positive predictions against that of positive outcomes, by model and
        horizon. The bound follows from the differences by date, with the dependence that
        overlapping horizons and common moves of tickers bring (Newey and West). A forecast that
        is narrow because its proven skill is small leans towards the mean outcome; that much is
        allowed. Without outcomes the share must leave the range in which horizons up to 5 (45 to
        60 %), 20 (40 to 70 %) or more sessions (35 to 80 %) lie.

    Why it matters:
        A one-sided model is a constant position with costs. Its accuracy looks like skill while
        the market goes its way.

    What to do:
        Look at the mean of the target: centre it for training, or weigh the rarer sign. Use the
        same sample weights in the final fit as in validation. If predictions are collapsed as
        well, repair that first.

    Sources:
        The project's record of 2025-12 (99.7 % positive, 94 % negative).
        Newey and West, A Simple Positive Semi-Definite Covariance Matrix, Econometrica 1987.
    """
    rows = with_outcomes(predictions, prices)
    if predictions.kind == "price":
        if "actual" not in rows.columns:
            return NotMeasured("price levels without outcomes have no sign")
        rows = _as_changes(rows)
    balances = [
        balance
        for label, horizon, part in groups(rows)
        if (balance := _balance(label, horizon, part, predictions.kind)) is not None
    ]
    if not balances:
        return NotMeasured(f"fewer than {LEAST_PERIODS} periods without overlap")
    worst = max(balances, key=lambda balance: balance.gap)
    name = "" if worst.label == "all" else f" at {worst.label}"
    title = f"{worst.predicted:.1%} of predictions{name} are positive, {worst.expected}"
    return Measurement(
        title,
        {"sign_gap": worst.gap},
        tuple(
            Evidence("share_positive", round(b.predicted, 4), "share", f"{b.label}: {b.expected}")
            for b in sorted(balances, key=lambda balance: -balance.gap)[:5]
        ),
    )


def _as_changes(rows: pl.DataFrame) -> pl.DataFrame:
    """Forecasts and outcomes of levels as changes against the outcome before."""
    import polars as pl

    keys = [key for key in ("model", "horizon", "ticker") if key in rows.columns]
    ordered = rows.sort("date", maintain_order=True) if "date" in rows.columns else rows
    before = pl.col("actual").shift(1)
    before = before.over(keys) if keys else before
    return ordered.with_columns(
        (pl.col("prediction") / before - 1), (pl.col("actual") / before - 1)
    ).filter(pl.col("actual").is_finite() & pl.col("prediction").is_finite())


def _balance(label: str, horizon: int | None, rows: pl.DataFrame, kind: str) -> _Balance | None:
    import numpy as np
    import polars as pl

    middle = 0.5 if kind == "probability" else 0.0
    pairs = rows.drop_nulls("actual") if "actual" in rows.columns else rows.clear()
    known = independent_dates(pairs, horizon) if len(pairs) else 0.0
    least = LEAST_PERIODS if "date" in rows.columns else 10 * LEAST_PERIODS
    if known < least:
        return _unknown_outcomes(label, horizon, rows, kind, least)
    outcomes = pairs["actual"].to_numpy()
    # classes are 0 and 1; anything else beside probabilities is a return
    classes = bool(np.isin(outcomes, (0.0, 1.0)).all())
    came_middle = 0.5 if kind == "probability" and classes else 0.0
    side = pl.lit(0.5)
    positive = pl.when(pl.col("prediction") != middle).then(pl.col("prediction") > middle)
    came = pl.when(pl.col("actual") != came_middle).then(pl.col("actual") > came_middle)
    shares = pairs.with_columns(
        positive.cast(pl.Float64).fill_null(side).alias("up"),
        came.cast(pl.Float64).fill_null(side).alias("rose"),
    )
    key = "date" if "date" in pairs.columns else None
    if key is None:
        shares = shares.with_row_index("date")
    by_date = (
        shares.group_by("date")
        .agg((pl.col("up") - pl.col("rose")).sum().alias("gap"), pl.len().alias("rows"))
        .sort("date")
    )
    gaps, sizes = by_date["gap"].to_numpy(), by_date["rows"].to_numpy().astype(float)
    predicted, rose = (float(np.mean(shares[name].to_numpy())) for name in ("up", "rose"))
    error = _standard_error(gaps - (predicted - rose) * sizes, float(sizes.sum()), horizon or 1)
    told = pairs["prediction"].to_numpy()
    if kind == "probability":
        # a calibrated forecast of a rare or common event stays on one side of 0.5
        allowed = predicted if abs(float(np.mean(told)) - rose) < 0.05 else rose
    else:
        allowed = _leaning(told, outcomes, known, rose)
    low, high = min(rose, allowed), max(rose, allowed)
    gap = max(low - predicted, predicted - high, 0.0)
    if gap <= SIGNIFICANT * error:
        gap = 0.0
    return _Balance(label, predicted, f"{rose:.1%} of outcomes", 100 * gap, error, len(pairs))


def _leaning(told: np.ndarray, came: np.ndarray, periods: float, rose: float) -> float:
    """The share of positive forecasts that proven skill and the mean outcome justify.

    The best forecast with correlation r has the outcomes' mean and r times their spread.
    """
    import numpy as np

    if np.std(told) == 0 or np.std(came) == 0:
        return rose
    correlation = float(np.corrcoef(told, came)[0, 1])
    spread = float(np.std(told) / np.std(came))
    proven = correlation > 2 / np.sqrt(max(periods, 1))
    if not proven or spread > 1.5 * correlation:
        return rose
    return NormalDist().cdf(float(np.mean(came) / (correlation * np.std(came))))


def _standard_error(residuals: np.ndarray, rows: float, horizon: int) -> float:
    """Newey-West error of a share over dates, with lags for overlap and for slow moods."""
    import numpy as np

    count = len(residuals)
    lags = min(max(horizon - 1, int(4 * (count / 100) ** (2 / 9))), count - 1)
    variance = float(residuals @ residuals)
    for lag in range(1, lags + 1):
        weight = 1 - lag / (lags + 1)
        variance += 2 * weight * float(residuals[lag:] @ residuals[:-lag])
    return float(np.sqrt(max(variance, 0.0))) / rows


def _unknown_outcomes(
    label: str, horizon: int | None, rows: pl.DataFrame, kind: str, least: float
) -> _Balance | None:
    if kind != "return" or independent_dates(rows, horizon) < least:
        return None
    told = rows["prediction"].to_numpy()
    predicted = float(((told > 0).mean() + (told >= 0).mean()) / 2)
    sessions = horizon or 1
    low, high = (0.45, 0.60) if sessions <= 5 else (0.40, 0.70) if sessions <= 20 else (0.35, 0.80)
    gap = max(low - predicted, predicted - high, 0.0)
    expected = f"{low:.0%} to {high:.0%} is usual (no outcomes known)"
    return _Balance(label, predicted, expected, 100 * gap, None, len(rows))
