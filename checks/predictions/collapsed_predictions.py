"""PRD001 collapsed-predictions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from checks.predictions.outcomes import groups, independent_dates, with_outcomes
from ml_debugger.artifacts import Predictions, PriceTable
from ml_debugger.contract import (
    Evidence,
    Limit,
    Measurement,
    NotMeasured,
    Outcome,
    Setting,
    Settings,
    check,
)

if TYPE_CHECKING:
    import polars as pl

BLOCKS = 10
LEAST_IN_BLOCK = 60


@dataclass(frozen=True)
class _Spread:
    """How one group of predictions spreads."""

    label: str
    rows: int
    std: float
    ratio: float | None
    relative: float | None
    common: float
    constant: float

    @property
    def gravity(self) -> tuple[float, float, float]:
        relative = 1.0 if self.relative is None else self.relative
        return (-min(relative, 1.0), self.common, self.constant)


@check(
    code="PRD001",
    name="collapsed-predictions",
    component="performance",
    playbook="sign-bias",
    limits=(
        Limit(
            "relative_spread",
            "ratio",
            "below",
            "spread of predictions over spread of outcomes, divided by what the skill justifies",
            "an optimal forecast has the ratio |correlation|; 0.1 is taken where no skill is "
            "proven; the project's record of 2025-12: collapse at a standard deviation of 0.0002, "
            "gates between 0.001 and 0.005, where daily returns have 0.01 to 0.02",
            fail=0.2,
            warn=0.5,
        ),
        Limit(
            "most_common_share",
            "share",
            "above",
            "share of predictions that are exactly one value",
            "continuous forecasts hardly repeat; isotonic calibration and small trees do",
            fail=0.995,
            warn=0.90,
        ),
        Limit(
            "constant_share",
            "share",
            "above",
            "share of tickers, or of tenths of the time, with one value throughout",
            "a series of 60 or more equal forecasts is a model that has stopped answering",
            fail=0.5,
            warn=0.05,
        ),
        Limit(
            "rows",
            "rows",
            "below",
            "predictions in the largest group",
            "the spread of 30 draws is known to about a quarter (chi-square, 95 %)",
            skip=30,
        ),
    ),
    settings=(
        Setting(
            "typical_skill",
            "correlation",
            0.1,
            "spread ratio that is asked where the correlation with outcomes proves nothing",
            "correlations of forecasts with daily and monthly returns rarely exceed 0.1 "
            "(Gu, Kelly and Xiu 2020: monthly R2 of 0.4 %)",
        ),
        Setting(
            "quiet_volatility",
            "per session",
            0.005,
            "spread of one-session returns that is assumed where no outcome is known",
            "8 % a year, a calm currency pair; equities have two to four times as much",
        ),
    ),
    explained_by=("variance-collapse", "trivial-trees", "constant-feature"),
    profiles=("quick", "full"),
)
def collapsed_predictions(
    predictions: Predictions, prices: PriceTable | None, settings: Settings
) -> Outcome:
    """The model says nearly the same for everything.

    What it measures:
        The spread of predictions, by model and horizon. A forecast with correlation r to the
        outcomes is best when its spread is r times theirs, so a narrow forecast is no fault in
        itself: the ratio is divided by the proven correlation, or by 0.1 where none is proven.
        Beside it: the share of the most common value, and tickers or stretches of time in which
        one value is predicted throughout.

    Why it matters:
        A collapsed model has learned the mean of its target. Positions made from it are a
        constant bet, and its directional accuracy is the market's share of rising days.

    What to do:
        Look at the training run for variance-collapse. Less weight decay and dropout, a zero
        initialised output layer, one task instead of several and features that vary help more
        than a penalty on variance. Check that the scaler is undone once, not twice.

    Sources:
        The project's record of 2025-12 and 2026-01 (collapse to a standard deviation of 0.0002).
        Gu, Kelly and Xiu, Empirical Asset Pricing via Machine Learning, RFS 2020.
    """
    rows = with_outcomes(predictions, prices)
    spreads = [
        _spread(label, horizon, part, predictions.kind, settings)
        for label, horizon, part in groups(rows)
        if len(part)
    ]
    if not spreads:
        return NotMeasured("holds no finite prediction")
    enough = [s for s in spreads if s.rows >= 30] or spreads
    worst = max(enough, key=lambda spread: spread.gravity)
    values = {
        "rows": float(max(spread.rows for spread in spreads)),
        "most_common_share": max(spread.common for spread in enough),
        "constant_share": max(spread.constant for spread in enough),
    }
    known = [spread.relative for spread in enough if spread.relative is not None]
    if known:
        values["relative_spread"] = min(known)
    return Measurement(_title(worst), values, tuple(_evidence(s) for s in enough[:5]))


def _spread(
    label: str, horizon: int | None, rows: pl.DataFrame, kind: str, settings: Settings
) -> _Spread:
    import numpy as np
    import polars as pl

    if kind == "price" and "ticker" in rows.columns:
        level = pl.col("prediction").mean().over("ticker")
        centred = rows.with_columns(pl.col("prediction") - level)
        if "actual" in rows.columns:
            centred = centred.with_columns(
                pl.col("actual") - pl.col("actual").mean().over("ticker")
            )
    else:
        centred = rows
    predicted = centred["prediction"].to_numpy()
    std = float(np.std(predicted))
    ratio, justified = None, settings["typical_skill"]
    pairs = centred.drop_nulls("actual") if "actual" in centred.columns else centred.clear()
    if len(pairs) >= 30:
        told, came = pairs["prediction"].to_numpy(), pairs["actual"].to_numpy()
        if float(np.std(came)) > 0:
            ratio = _width(told, kind) / _width(came, kind)
            correlation = _correlation(told, came)
            if correlation > 2 / np.sqrt(max(independent_dates(pairs, horizon), 1)):
                justified = min(correlation, justified)
    elif kind == "return" and horizon and _daily(rows):
        ratio = std / (settings["quiet_volatility"] * float(np.sqrt(horizon)))
    counts = rows["prediction"].value_counts(sort=True)
    common = float(counts["count"][0]) / len(rows)
    return _Spread(
        label=label,
        rows=len(rows),
        std=std,
        ratio=ratio,
        relative=None if ratio is None else ratio / justified,
        common=common,
        constant=max(_constant_tickers(rows), _constant_blocks(rows)),
    )


def _width(values: object, kind: str) -> float:
    """Standard deviation, or for returns that of the middle 90 % if smaller: outliers hide."""
    import numpy as np

    array = np.asarray(values, dtype=float)
    std = float(np.std(array))
    if kind != "return":
        return std
    low, high = np.quantile(array, (0.05, 0.95))
    # 5 % to 95 % of a normal distribution is 3.29 standard deviations
    return min(std, float(high - low) / 3.29)


def _correlation(one: object, other: object) -> float:
    import numpy as np

    first, second = np.asarray(one, dtype=float), np.asarray(other, dtype=float)
    if np.std(first) < 1e-12 * max(1.0, float(np.abs(first).max())) or np.std(second) == 0:
        return 0.0
    return float(np.corrcoef(first, second)[0, 1])


def _daily(rows: pl.DataFrame) -> bool:
    """Whether there is at most one prediction a ticker and day, so that sessions are days."""
    import polars as pl

    if "date" not in rows.columns or rows.schema["date"] == pl.Date:
        return "date" in rows.columns
    keys = [key for key in ("ticker",) if key in rows.columns]
    days = rows.select(*keys, pl.col("date").cast(pl.Date))
    return days.n_unique() > 0.9 * len(days)


def _constant_tickers(rows: pl.DataFrame) -> float:
    import polars as pl

    if "ticker" not in rows.columns:
        return 0.0
    by_ticker = rows.group_by("ticker").agg(
        pl.len().alias("rows"), pl.col("prediction").n_unique().alias("values")
    )
    long = by_ticker.filter(pl.col("rows") >= LEAST_IN_BLOCK)
    return 0.0 if long.is_empty() else float((long["values"] == 1).sum()) / len(long)


def _constant_blocks(rows: pl.DataFrame) -> float:
    """Share of tenths of the time in which all predictions are one value."""
    ordered = rows.sort("date", maintain_order=True) if "date" in rows.columns else rows
    size = len(ordered) // BLOCKS
    if size < LEAST_IN_BLOCK:
        return 0.0
    blocks = [ordered["prediction"].slice(i * size, size) for i in range(BLOCKS)]
    return sum(block.n_unique() == 1 for block in blocks) / BLOCKS


def _title(worst: _Spread) -> str:
    name = "" if worst.label == "all" else f" at {worst.label}"
    if worst.common > 0.9:
        return f"{worst.common:.1%} of predictions{name} are one value"
    if worst.constant > 0.05:
        return f"One value throughout in {worst.constant:.0%} of tickers or periods{name}"
    if worst.ratio is None:
        return f"Predictions{name} spread by {worst.std:.2g}"
    return f"Predictions{name} spread by {worst.std:.2g}, {worst.ratio:.3g} of outcomes"


def _evidence(spread: _Spread) -> Evidence:
    ratio = "" if spread.ratio is None else f", {spread.ratio:.3g} of the outcomes' spread"
    return Evidence(
        "prediction_std", round(spread.std, 8), None, f"{spread.label}: {spread.rows} rows{ratio}"
    )
