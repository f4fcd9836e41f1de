"""TRN025: the predictions lose their variance in the course of the training."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
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
from ml_debugger.curves.points import Points, finite
from ml_debugger.curves.significance import rank_sum_p
from ml_debugger.runs.predicted_sides import end_on_one_side

_FEWEST = 6
_FEWEST_IN_ORDER = 3
_LARGE = 0.35
_EARLY = 0.3
_WARM_UP_POINTS = 5
_PAID = 0.1
_ONE_SIDED = 0.95


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
            fail=_LARGE,
            meaning="standard deviation of predictions at the end, relative to after the warm-up",
            source="the project's record of 2025-12: 0.0008 to 0.0002, a quarter, of which the "
            "warm-up takes a part",
        )
    ],
    settings=[
        Setting("warm_up", "share of checks", 0.2,
                "first checks left out: an untrained network spreads at random",
                "design choice: random initial outputs shrink to the scale of returns first"),
        Setting("narrow", "standard deviation", 0.002,
                "spread below which no network starts that is not initialised to zero",
                "the project's record of 2025-12: 0.001 to 0.005 as the least spread of daily "
                "returns' forecasts"),
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
        Three to five checks are enough where every one is lower than the one before, the last
        at most 35 % of the first, and the first either lies behind 30 % of the run's steps,
        with a loss that gained no 10 % meanwhile, or is below 0.002, where no training starts.
        Random first outputs that shrink to a level and stay there are healthy: a fall that is
        steepest at the very first checks and has ended, or in the course of which the loss
        gains 10 %. It is never healthy where the last checks have 95 % of the predictions on
        one side.

    Why it matters:
        A model whose predictions shrink to one value has given up on its inputs: it predicts
        the mean return. Ranks, signs and sizes made from it are noise or all the same side.

    What to do:
        Compare the spread of predictions with that of the labels. Lower the weight decay or the
        learning rate, check that labels and features are scaled, and that the loss rewards
        differences between stocks (a rank or correlation term) rather than the mean alone.

    Sources:
        The project's record of 2025-12 (0.0008 to 0.0002 within one training) and of 2026-01
        (four checks of epochs 16 to 35: 0.00080, 0.00030, 0.00022, 0.00020). Mann and
        Whitney, Annals of Mathematical Statistics 18, 1947.
    """
    curve = run.curve("val_prediction_std", "prediction_std")
    if curve is None:
        return NotMeasured("the log has no standard deviation of predictions")
    points = finite(curve).where(lambda value: value >= 0)
    if len(points) < _FEWEST:
        return _few(run, points, settings["narrow"])
    kept = points.between(max(1, int(len(points) * settings["warm_up"])), len(points))
    quarter = max(2, len(kept) // 4)
    first, last = kept.values[:quarter], kept.values[-quarter:]
    start, end = median(first), median(last)
    if start == 0:
        return NotMeasured("the predictions have no spread after the warm-up either")
    settles = _settles(run, points, kept, settings["narrow"])
    lasts = max(last) < start and _falls(first, last, kept.values) and not settles
    share = end / start if lasts else max(end / start, 1.0)
    return _measured(run, kept, (quarter // 2, start), end, share, settles=settles)


def _few(run: TrainingRun, points: Points, narrow: float) -> Outcome:
    """Judge three to five checks by their order."""
    if len(points) >= _FEWEST_IN_ORDER and points.values[0] >= narrow:
        later = _behind_warm_up(run, points)
        if _gained(run, later):
            return NotMeasured("the spread of predictions shrinks while the loss still gains")
        points = later
    if len(points) < _FEWEST_IN_ORDER:
        return NotMeasured(
            f"the spread of predictions was logged fewer than {_FEWEST} times, and fewer than "
            f"{_FEWEST_IN_ORDER} times after the start ({len(points)})"
        )
    start, end = points.values[0], points.values[-1]
    if start == 0:
        return NotMeasured("the predictions have no spread at the first check either")
    in_order = all(before > after for before, after in pairwise(points.values))
    share = end / start
    if not (in_order and share <= _LARGE):
        return NotMeasured(
            f"the spread of predictions was logged {len(points)} times, without a large fall"
        )
    return _measured(run, points, (0, start), end, share, settles=False)


def _behind_warm_up(run: TrainingRun, points: Points) -> Points:
    """The checks behind the first part of the run; none where no loss tells what came before."""
    loss = run.curve("train_loss", "val_loss")
    if loss is None or not len(loss) or not len(points):
        return points.between(0, 0)
    begun, ended = min(loss.steps), max(max(loss.steps), points.steps[-1])
    warm = sorted(set(loss.steps))[:_WARM_UP_POINTS][-1]
    return points.after_step(max(warm, begun + _EARLY * (ended - begun)))


def _gained(run: TrainingRun, points: Points) -> bool:
    """Whether the loss fell so much meanwhile that the narrower predictions are its reason."""
    loss = run.curve("train_loss", "val_loss")
    if loss is None or len(points) < 2:
        return False
    own = finite(loss)
    reach = (points.steps[-1] - points.steps[0]) / 4
    at_start = [v for s, v in zip(own.steps, own.values, strict=True)
                if abs(s - points.steps[0]) <= reach]  # fmt: skip
    at_end = [v for s, v in zip(own.steps, own.values, strict=True)
              if points.steps[-1] - reach <= s <= points.steps[-1]]  # fmt: skip
    if not at_start or not at_end:
        return False
    before, after = median(at_start), median(at_end)
    return before > 0 and after < (1 - _PAID) * before


def _fall(kept: Points) -> Points:
    """The checks from the last at the first level to the first at the last level."""
    quarter = max(2, len(kept) // 4)
    start, end = median(kept.values[:quarter]), median(kept.values[-quarter:])
    high, low = start - 0.1 * (start - end), end + 0.1 * (start - end)
    above = [i for i, value in enumerate(kept.values) if value >= high]
    begin = above[-1] if above else 0
    below = [i for i, value in enumerate(kept.values) if value <= low and i > begin]
    return kept.between(begin, below[0] + 1) if below else kept


def _settles(run: TrainingRun, points: Points, kept: Points, narrow: float) -> bool:
    """Random first outputs that shrink to a level: steepest at the start, flat at the end.

    Where the loss gains from it, the fall need not have ended.
    """
    values = points.values
    if end_on_one_side(run, _ONE_SIDED):
        return False
    if min(values) <= 0 or values[0] < narrow or max(values) > 1.2 * values[0]:
        return False
    loss = run.curve("train_loss", "val_loss")
    steps = points.steps if loss is None or not len(loss) else (*loss.steps, *points.steps)
    if points.steps[0] - min(steps) > 0.1 * (max(steps) - min(steps)):
        return False
    if _gained(run, _fall(kept)):
        return True
    logs = [math.log(value) for value in values]
    width = max(1, len(logs) // 8)
    quarter = len(logs) // 4
    levels = [median(logs[max(0, i - width + 1) : i + 1])
              for i in (0, quarter, 2 * quarter, 3 * quarter, len(logs) - 1)]  # fmt: skip
    falls = [before - after for before, after in pairwise(levels)]
    total = levels[0] - levels[-1]
    return total > 0 and falls[0] >= 0.35 * total and falls[0] > falls[1] and (
        falls[3] < 0.2 * total and falls[2] + falls[3] < 0.4 * total
    )  # fmt: skip


def _measured(
    run: TrainingRun, kept: Points, start: tuple[int, float], end: float, share: float, *,
    settles: bool
) -> Measurement:  # fmt: skip
    at, level = start
    evidence = (
        Evidence("spread_after_warm_up", level, None, f"{run.step_unit} {kept.steps[at]:g}"),
        Evidence("spread_at_the_end", end, None, f"{run.step_unit} {kept.steps[-1]:g}"),
    )
    if share < 0.5:
        fall = _fall(kept)
        onset, line = f"{run.step_unit} {fall.steps[0]:g}", fall.lines[0]
        title = f"Spread of predictions falls from {level:.2g} to {end:.2g} from {onset} on"
        begins = Evidence("onset", fall.steps[0], run.step_unit, f"line {line}")
        return Measurement(title, {"remaining_spread": share}, (begins, *evidence), line)
    does = "settles" if settles else "stays"
    title = f"Spread of predictions {does} at {end:.2g} ({end / level:.0%} of the start)"
    return Measurement(title, {"remaining_spread": share}, evidence)


def _falls(first: Sequence[float], last: Sequence[float], values: Sequence[float]) -> bool:
    """Whether the last quarter lies below the earlier checks beyond their scatter."""
    earlier = values[: len(values) - len(last)]
    reference = first if len(first) >= 4 else earlier[: max(4, len(first))]
    # the smallest samples cannot reach 5 %: there the order must be perfect
    return rank_sum_p(reference, last) < 0.05 or min(reference) > max(last)
