"""TRN026: the predictions end on one side in the course of the training."""

from __future__ import annotations

import math
from collections.abc import Sequence
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
from ml_debugger.curves.noise import scatter
from ml_debugger.curves.points import Points, finite
from ml_debugger.runs.metric_names import kind_of, words
from ml_debugger.runs.predicted_sides import as_shares, share_curve

_FEWEST = 4
# a run that goes on may yet leave the side on which its output layer began
_FEWEST_OF_A_START = 10
_LAST = 0.1
_MOST_LAST = 20
_SCATTERS = 4.0
_RARE = frozenset({"precision", "recall", "auc", "f1"})


@check(
    code="TRN026",
    name="sign-collapse",
    component="training",
    playbook="sign-bias",
    limits=[
        Limit(
            name="one_sided",
            unit="share of predictions",
            direction="above",
            warn=0.90,
            fail=0.95,
            meaning="predictions on the commoner side at the end, where that lasts",
            source="the project's record of 2025-12 and 2026-01: 89 to 94 % called biased, 98.6 to "
            "100 % called collapsed, where 53 % of days rise",
        )
    ],
    settings=[
        Setting("longest_horizon", "sessions", 10,
                "horizon up to which a forecast that is nearly always positive is no forecast",
                "arithmetic: at a daily Sharpe ratio of 0.05 the mean return of 10 sessions is "
                "0.16 of its spread; of 60 sessions 0.39, so small skill is rightly one-sided"),
    ],
    explained_by=("variance-collapse", "learning-rate-too-high", "label-imbalance",
                  "missing-sample-weights", "unscaled-feature", "non-finite-loss"),
    profiles=("pre-train", "full"),
)  # fmt: skip
def sign_collapse(run: TrainingRun, settings: Settings) -> Outcome:
    """The predictions end on one side in the course of the training.

    What it measures:
        The share of predictions above zero, logged at every check: the median of the last tenth
        of the checks (two to twenty), as the share of the commoner side. It counts only when it
        lasts: all of these checks lie on that side; and two checks alone are believed where the
        share came there step by step, or where they lie beyond four times the curve's scatter.
        A share that starts at an extreme, as an untrained output layer gives it, and comes back
        is healthy; so are 53 to 58 % in a rising market.
        Not judged: a positive share of long horizons, whose mean return may well outweigh small
        skill, and a small share of positives of a classifier of rare events.

    Why it matters:
        The model has learnt the mean return and nothing else: a constant position with costs.
        Its directional accuracy is the market's own and looks like skill while that lasts.

    What to do:
        Take the checkpoint before the share left the middle. Centre the target on its training
        mean, weigh the rarer sign, and look at the spread of predictions: where it decays too,
        repair that first (learning rate, weight decay, scaling of inputs).

    Sources:
        The project's record: 100 % positive at epoch 15 and 25 (2025-12), 99.7 % at epoch 35
        (2026-01), while 53 to 54 % was reached before.
    """
    curve = share_curve(run)
    if curve is None:
        return NotMeasured("the log has no share of positive predictions")
    points = finite(curve)
    shares = as_shares(points.values)
    if not shares:
        return NotMeasured("the share of positive predictions is no number between 0 and 1")
    if len(shares) == 1 and run.step_unit != "round" and not run.finished:
        return NotMeasured("the share of positive predictions was logged once, before the end")
    last = shares[-max(2, min(int(len(shares) * _LAST), _MOST_LAST)) :]
    positive = median(last) > 0.5
    sided = [share if positive else 1 - share for share in shares]
    end = median(sided[-len(last) :])
    steps_up = _came_step_by_step(sided)
    if steps_up:
        end = sided[-1]
    if end > 0.85 and not positive and _rare_events(run):
        return NotMeasured("few positives are right for a classifier of rare events")
    horizon = run.horizon
    if end > 0.85 and positive and horizon is not None and horizon > settings["longest_horizon"]:
        return NotMeasured(f"at a horizon of {horizon} the mean return may outweigh small skill")
    fewest = _FEWEST_OF_A_START if run.running else _FEWEST
    if end > 0.85 and 1 < len(sided) < fewest and min(sided) > 0.85:
        return NotMeasured(f"one-sided in all {len(sided)} checks: the model may be untrained yet")
    lasts = len(shares) == 1 or steps_up or _lasts(sided, len(last))
    value = end if lasts else min(end, 0.5)
    start = _start(sided) if lasts and end > 0.90 else None
    side = "positive" if positive else "negative"
    return Measurement(
        _title(run, points, end, side, start, lasts=lasts),
        {"one_sided": value},
        _evidence(run, points, shares, start),
        line=points.lines[start] if start is not None else None,
    )


def _lasts(sided: Sequence[float], count: int) -> bool:
    """All of the last checks are far on one side, by more than the curve's own noise."""
    tail, before = sided[-count:], sided[:-count]
    if min(tail) <= 0.85:
        return False
    if len(tail) >= 3 or len(before) < 3:
        return True
    return sided[-3] > 0.75 or min(tail) - median(before) > _SCATTERS * scatter(before)


def _came_step_by_step(sided: Sequence[float]) -> bool:
    """The last three checks rise to nearly all, from the middle, beyond the noise before them."""
    if len(sided) < 3 or sided[-1] <= 0.95:
        return False
    first, second, third = sided[-3:]
    before = sided[:-2]
    rises = first < second < third and second > 0.70
    inside = min(before) > 0.30 and median(before) < 0.85
    return rises and inside and third - median(before) > _SCATTERS * scatter(before)


def _start(sided: Sequence[float]) -> int:
    """Where the share left the middle for good."""
    inside = [i for i, share in enumerate(sided) if share <= 0.85]
    return min(inside[-1] + 1, len(sided) - 1) if inside else 0


def _rare_events(run: TrainingRun) -> bool:
    kinds = {kind_of(curve) for curve in run.curves.values()}
    return not _RARE.isdisjoint(kinds) and "direction" not in kinds and not any(
        "return" in words(name) for name in (*run.features[:50], run.subject)
    )  # fmt: skip


def _title(
    run: TrainingRun, points: Points, end: float, side: str, start: int | None, *, lasts: bool
) -> str:
    if start is None:
        doubt = "" if lasts or end <= 0.85 else ", which does not last"
        return f"{end:.1%} of predictions are {side} at the end{doubt}"
    where = f"{run.step_unit} {points.steps[start]:g}"
    since = "at every check" if start == 0 else f"from {where} on"
    return f"{end:.1%} of predictions are {side}, one-sided {since}"


def _evidence(
    run: TrainingRun, points: Points, shares: Sequence[float], start: int | None
) -> tuple[Evidence, ...]:
    before = shares[: start or len(shares)]
    evidence = [
        Evidence("share_positive_before", round(median(before), 4), "share",
                 f"median of {len(before)} checks"),
        Evidence("share_positive_at_the_end", round(shares[-1], 4), "share",
                 f"{run.step_unit} {points.steps[-1]:g}"),
    ]  # fmt: skip
    spread = run.curve("val_prediction_std", "prediction_std")
    values = [v for v in spread.values if math.isfinite(v)] if spread is not None else []
    if len(values) > 1:
        evidence.append(Evidence("spread_at_the_end", values[-1], None,
                                 f"{values[0]:.3g} at the first check"))  # fmt: skip
    return tuple(evidence)
