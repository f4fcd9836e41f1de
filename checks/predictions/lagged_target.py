"""PRD003 lagged-target."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from checks.predictions.outcomes import groups, with_outcomes
from ml_debugger.artifacts import Predictions, PriceTable
from ml_debugger.contract import Evidence, Limit, Measurement, NotMeasured, Outcome, check

if TYPE_CHECKING:
    import numpy as np
    import polars as pl

LEAST_ROWS = 60
MOST_LAG = 5


@dataclass(frozen=True)
class _Match:
    """How well predictions match outcomes of the same row and of an earlier one."""

    label: str
    same: float
    earlier: float
    lag: int
    rows: int
    skill: bool

    @property
    def advantage(self) -> float:
        """Explained share that the earlier outcome has over the same one."""
        return 0.0 if self.skill else self.earlier - max(self.same, 0.0)


@check(
    code="PRD003",
    name="lagged-target",
    component="performance",
    playbook="leakage",
    limits=(
        Limit(
            "lag_match",
            "share",
            "above",
            "share of variance by which an earlier outcome explains the prediction better",
            "a copy of the last value has 1, a forecast of returns that leans on the last return "
            "with the coefficient 0.1 has 0.19, noise has 0",
            fail=0.5,
            warn=0.25,
        ),
        Limit(
            "pairs",
            "rows",
            "below",
            "predictions with their outcome",
            "an explained share of 60 pairs is known to about 0.13 (one standard error)",
            skip=LEAST_ROWS,
        ),
    ),
    explained_by=("label-misaligned",),
    profiles=("full",),
)
def lagged_target(predictions: Predictions, prices: PriceTable | None) -> Outcome:
    """The prediction is an earlier value of the target.

    What it measures:
        Which outcome a prediction matches: that of its own row, or one of the rows before. The
        match is the share of the outcomes' variance that is gone when the prediction is
        subtracted. For price levels, changes are compared, because any forecast of a level lies
        near the last price; a model whose forecast change is related to the change that came
        has skill and is left alone.

    Why it matters:
        A chart of such predictions follows the price and looks excellent. It contains nothing
        that was not known, and every trade on it comes late.

    What to do:
        Predict returns instead of levels, and compare with the forecast "as yesterday". If the
        target was joined by row, check that it was not shifted the wrong way.

    Sources:
        Hyndman and Athanasopoulos, Forecasting: Principles and Practice, 3rd edition, section
        5.2 (the naive forecast as the benchmark).
    """
    rows = with_outcomes(predictions, prices)
    if "actual" not in rows.columns or predictions.kind == "probability":
        return NotMeasured("outcomes of the predictions are not known")
    matches = [
        match
        for label, horizon, part in groups(rows)
        if (match := _match(label, horizon, part.drop_nulls("actual"), predictions.kind))
    ]
    if not matches:
        return NotMeasured(f"fewer than {LEAST_ROWS} predictions with their outcome")
    worst = max(matches, key=lambda match: match.advantage)
    name = "" if worst.label == "all" else f" at {worst.label}"
    if worst.advantage > 0.1:
        title = f"Predictions{name} match the outcome {worst.lag} rows before, not their own"
    else:
        title = f"Predictions{name} are no copy of an earlier outcome"
    return Measurement(
        title,
        {"lag_match": worst.advantage, "pairs": float(max(match.rows for match in matches))},
        tuple(
            Evidence(
                "explained_share",
                round(match.earlier, 4),
                "share",
                f"{match.label}: {match.lag} rows before; {match.same:.3f} by its own row",
            )
            for match in sorted(matches, key=lambda match: -match.advantage)[:5]
        ),
    )


def _match(label: str, horizon: int | None, rows: pl.DataFrame, kind: str) -> _Match | None:
    import numpy as np

    ordered = rows.sort("date", maintain_order=True) if "date" in rows.columns else rows
    if (
        "date" in rows.columns
        and "ticker" not in rows.columns
        and not rows["date"].is_unique().all()
    ):
        # rows of one date without tickers: nothing says which row came before
        return None
    parts = (
        ordered.partition_by("ticker", maintain_order=True)
        if "ticker" in ordered.columns
        else [ordered]
    )
    lags = sorted({*range(1, MOST_LAG + 1), horizon or 1})
    told: list[np.ndarray] = []
    came: dict[int, list[np.ndarray]] = {lag: [] for lag in (0, *lags)}
    implied: list[tuple[np.ndarray, np.ndarray]] = []
    for part in parts:
        guess, truth = part["prediction"].to_numpy(), part["actual"].to_numpy()
        if len(truth) <= lags[-1] + 2:
            continue
        if kind == "price":
            implied.append((guess[1:] - truth[:-1], np.diff(truth)))
            guess, truth = np.diff(guess), np.diff(truth)
        told.append(guess[lags[-1] :])
        for lag, series in came.items():
            series.append(truth[lags[-1] - lag : len(truth) - lag])
    if sum(len(series) for series in told) < LEAST_ROWS:
        return None
    predicted = np.concatenate(told)
    explained = {lag: _explained(predicted, np.concatenate(came[lag])) for lag in came}
    lag = max(lags, key=lambda number: explained[number])
    return _Match(label, explained[0], explained[lag], lag, len(predicted), _skilled(implied))


def _explained(predicted: np.ndarray, came: np.ndarray) -> float:
    import numpy as np

    variance = float(np.var(came))
    return 1 - float(np.var(came - predicted)) / variance if variance > 0 else 0.0


def _skilled(implied: list[tuple[np.ndarray, np.ndarray]]) -> bool:
    """Whether forecast changes of levels are related to the changes that came."""
    import numpy as np

    if not implied:
        return False
    # scaled by each ticker's own moves, so that an expensive share does not decide alone
    scales = [max(float(np.std(came)), 1e-300) for _, came in implied]
    told = np.concatenate([g / s for (g, _), s in zip(implied, scales, strict=True)])
    came = np.concatenate([c / s for (_, c), s in zip(implied, scales, strict=True)])
    if np.std(told) == 0 or np.std(came) == 0:
        return False
    return bool(np.corrcoef(told, came)[0, 1] > 3 / np.sqrt(len(told)))
