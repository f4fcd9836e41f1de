"""TRN025: the predictions lose their variance in the course of the training."""

from __future__ import annotations

import math
from statistics import median

from ml_debugger.artifacts import TrainingRun
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
from ml_debugger.curves.significance import rank_sum_p

_FEWEST = 6


@check(
    code="TRN025",
    name="variance-collapse",
    component="training",
    playbook="sign-bias",
    limits=[
        Limit(
            name="remaining_spread",
            unit="share of the spread after warm-up",
            direction="below",
            warn=0.5,
            fail=0.35,
            meaning="standard deviation of predictions at the end, relative to after the warm-up",
            source="the project's record of 2025-12: 0.0008 to 0.0002, a quarter, of which the "
            "warm-up takes a part",
        )
    ],
    settings=[
        Setting("warm_up", "share of checks", 0.2,
                "first checks left out: an untrained network spreads at random",
                "design choice: random initial outputs shrink to the scale of returns first"),
    ],
    explained_by=("learning-rate-too-high", "constant-feature", "unscaled-feature"),
    profiles=("pre-train", "full"),
)  # fmt: skip
def variance_collapse(run: TrainingRun, settings: Settings) -> Outcome:
    """The predictions lose their variance in the course of the training.

    What it measures:
        The standard deviation of predictions, logged at every check. The warm-up is left out;
        then the median of the last quarter of checks is divided by the median of the first
        quarter. The fall counts only when it lasts: all of the last quarter must lie below
        what is usual after the warm-up, by a rank-sum test at 5 %.

    Why it matters:
        A model whose predictions shrink to one value has given up on its inputs: it predicts
        the mean return. Ranks, signs and sizes made from it are noise or all the same side.

    What to do:
        Compare the spread of predictions with that of the labels. Lower the weight decay or the
        learning rate, check that labels and features are scaled, and that the loss rewards
        differences between stocks (a rank or correlation term) rather than the mean alone.

    Sources:
        The project's record of 2025-12 (0.0008 to 0.0002 within one training). Mann and
        Whitney, Annals of Mathematical Statistics 18, 1947.
    """
    curve = run.curve("prediction_std")
    if curve is None:
        return NotMeasured("the log has no standard deviation of predictions")
    kept = [i for i, value in enumerate(curve.values) if math.isfinite(value) and value >= 0]
    if len(kept) < _FEWEST:
        return NotMeasured(
            f"the spread of predictions was logged fewer than {_FEWEST} times ({len(kept)})"
        )
    kept = kept[max(1, int(len(kept) * settings["warm_up"])) :]
    quarter = max(2, len(kept) // 4)
    first = [curve.values[i] for i in kept[:quarter]]
    last = [curve.values[i] for i in kept[-quarter:]]
    start, end = median(first), median(last)
    if start == 0:
        return NotMeasured("the predictions have no spread after the warm-up either")
    lasts = max(last) < start and _falls(first, last, [curve.values[i] for i in kept])
    share = end / start if lasts else max(end / start, 1.0)
    at, until = kept[quarter // 2], kept[-1]
    evidence = (
        Evidence("spread_after_warm_up", start, None, f"{run.step_unit} {curve.steps[at]:g}"),
        Evidence("spread_at_the_end", end, None, f"{run.step_unit} {curve.steps[until]:g}"),
    )
    title = (
        f"Spread of predictions falls from {start:.2g} to {end:.2g}"
        if share < 0.5
        else f"Spread of predictions stays at {end:.2g} ({end / start:.0%} of the start)"
    )
    return Measurement(
        title, {"remaining_spread": share}, evidence, curve.lines[at] if share < 0.5 else None
    )


def _falls(first: list[float], last: list[float], values: list[float]) -> bool:
    """Whether the last quarter lies below the earlier checks beyond their scatter."""
    earlier = values[: len(values) - len(last)]
    reference = first if len(first) >= 4 else earlier[: max(4, len(first))]
    # the smallest samples cannot reach 5 %: there the order must be perfect
    return rank_sum_p(reference, last) < 0.05 or min(reference) > max(last)
