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

SIGNIFICANT = 2.807
LIKELY = 1.96
"""Normal quantiles of 99.5 % and 95 %, two-sided."""
LEAST_PERIODS = 10
"""Periods without overlap below which nothing is judged."""
ENOUGH_PERIODS = 20
"""Periods from which the outcomes' own share is known well enough to be compared with."""
MOST_BLOCKS = 30
ROWS_FOR_DATES = 10
"""Rows without dates count as a tenth of a period each: rows of one day move together."""


@dataclass(frozen=True)
class _Balance:
    """Shares of positive predictions and outcomes of one group; `gap` in points, 0 in noise."""

    label: str
    predicted: float
    expected: str
    gap: float


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
        horizon. The bound follows from the differences by date, in blocks that hold the
        dependence which overlapping horizons and common moves of tickers bring. A forecast that
        is narrow because its proven skill is small leans towards the mean outcome; that much is
        allowed. With fewer than 20 periods
        of known outcomes the share must leave the range in which horizons up to 5 (45 to
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
        Schmeiser, Batch Size Effects in the Analysis of Simulation Output, Operations Research
        1982 (10 to 30 batches).
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


def _periods(rows: pl.DataFrame, horizon: int | None) -> float:
    periods = independent_dates(rows, horizon)
    return periods if "date" in rows.columns else periods / ROWS_FOR_DATES


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
    known = _periods(pairs, horizon)
    if known < ENOUGH_PERIODS:
        return _unknown_outcomes(label, horizon, rows, kind)
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
    noise = _noise(gaps - (predicted - rose) * sizes, float(sizes.sum()), horizon or 1)
    told = pairs["prediction"].to_numpy()
    if kind == "probability":
        # a calibrated forecast of a rare or common event stays on one side of 0.5
        allowed = predicted if abs(float(np.mean(told)) - rose) < 0.05 else rose
    else:
        allowed = _leaning(told, outcomes, known, rose)
    low, high = min(rose, allowed), max(rose, allowed)
    gap = max(low - predicted, predicted - high, 0.0)
    if gap <= noise:
        gap = 0.0
    return _Balance(label, predicted, f"{rose:.1%} of outcomes", 100 * gap)


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


def _noise(residuals: np.ndarray, rows: float, horizon: int) -> float:
    """The largest gap that chance explains with 99.5 %, by batch means over blocks of dates.

    A block of two horizons holds whole outcomes and most of their dependence; at most 30 blocks
    keep slower moods inside. With few blocks the t-distribution widens the bound, and blocks
    that happen to agree do not lower it below that of as many dates as there are horizons.
    """
    import numpy as np

    blocks = int(min(max(len(residuals) // (2 * horizon), 2), MOST_BLOCKS))
    sums = np.array([part.sum() for part in np.array_split(residuals, blocks)])
    error = float(np.sqrt(blocks * np.var(sums, ddof=1))) / rows
    least = float(np.sqrt(len(residuals) * horizon) * np.std(residuals)) / rows
    return max(_t_quantile(SIGNIFICANT, blocks - 1) * error, LIKELY * least)


def _t_quantile(normal: float, freedom: int) -> float:
    """Quantile of the t-distribution from that of the normal one.

    Expansion of Abramowitz and Stegun, 26.7.5; within 2 % from 4 degrees of freedom on.
    """
    z = normal
    return (
        z
        + (z**3 + z) / (4 * freedom)
        + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * freedom**2)
        + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * freedom**3)
    )


def _unknown_outcomes(
    label: str, horizon: int | None, rows: pl.DataFrame, kind: str
) -> _Balance | None:
    if kind != "return" or _periods(rows, horizon) < LEAST_PERIODS:
        return None
    told = rows["prediction"].to_numpy()
    predicted = float(((told > 0).mean() + (told >= 0).mean()) / 2)
    sessions = horizon or 1
    low, high = (0.45, 0.60) if sessions <= 5 else (0.40, 0.70) if sessions <= 20 else (0.35, 0.80)
    if "actual" in rows.columns and rows["actual"].null_count() < len(rows):
        # too few periods to compare with, but what came in them is no surprise
        rose = float((rows["actual"].drop_nulls() > 0).to_numpy().mean())
        low, high = min(low, rose), max(high, rose)
    gap = max(low - predicted, predicted - high, 0.0)
    expected = f"{low:.0%} to {high:.0%} is usual (few outcomes known)"
    return _Balance(label, predicted, expected, 100 * gap)
