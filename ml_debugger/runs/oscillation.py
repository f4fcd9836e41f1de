"""Whether a loss oscillates: rhythm, alternation, or noise as large as the progress."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean, median, quantiles

from ml_debugger.artifacts import Curve, TrainingRun
from ml_debugger.curves.cadence import whole_epochs
from ml_debugger.curves.levels import trailing_levels
from ml_debugger.curves.noise import scatter
from ml_debugger.curves.points import Points, finite
from ml_debugger.curves.swings import alternation, rhythm

FEWEST = 12
_EXPLAINED = 0.5
_RARE = 1e-4
_ERRORS = 4.0
_TRAINING_NOISE = 0.30
_VALIDATION_NOISE = 0.50
_SHORT_PERIOD = 3
_SETTLED = 0.25
_MOST = 400


@dataclass(frozen=True, slots=True)
class Swing:
    """How a loss swings. `size` is a share of its level, `period` in points (0: none)."""

    counts: bool
    size: float
    period: int
    low: float
    high: float
    gain: float


def of_training(run: TrainingRun, curve: Curve, points: Points) -> Swing | None:
    """The swing of a training loss; None for single batches, whose noise is their own."""
    if not whole_epochs(run, points):
        return None
    return _judged(run, curve, points, _TRAINING_NOISE, calm=0.0)


def of_validation(run: TrainingRun, curve: Curve, points: Points) -> Swing | None:
    """The swing of a validation loss."""
    train = run.curve("train_loss")
    calm = 0.0
    if train is not None and whole_epochs(run, finite(train)):
        values = [v for v in finite(train).values[len(train) // 5 :] if v > 0]
        calm = scatter([math.log(v) for v in values]) if len(values) >= 3 else 0.0
    return _judged(run, curve, points, _VALIDATION_NOISE, calm)


def _judged(run: TrainingRun, curve: Curve, points: Points, noise: float, calm: float) -> Swing:
    values = points.values[-_MOST:]
    scaled = [math.log(value) for value in values]
    half = len(scaled) // 2
    gain = median(scaled[:half]) - median(scaled[half:])
    size, period = scatter(scaled), 0
    counts = False
    beat = rhythm(scaled, len(scaled) / 4)
    swing = math.sqrt(2 * beat.band) * _deviation(scaled) if beat is not None else 0.0
    if (
        beat is not None
        and beat.band > _EXPLAINED
        and beat.chance < _RARE
        and _no_schedule(run, scaled, beat.period, swing)
    ):
        counts, period, size = True, beat.period, swing
    elif alternation(scaled) < -0.5 - _ERRORS * math.sqrt(0.5 / len(scaled)):
        counts, period = True, 2
    elif _restless(scaled, noise):
        first = finite(curve).values
        gained = median(first[: max(3, len(first) // 10)]) - median(values)
        quiet = curve.name == "train_loss" or scatter(scaled) > 3 * calm
        counts = quiet and median(values) * size > 0.5 * gained
    counts = counts and abs(gain) < 2 * size
    low, *_, high = quantiles(values, n=10)
    return Swing(counts, math.expm1(min(size, 50.0)), period, low, high, -math.expm1(-gain))


def _restless(scaled: Sequence[float], noise: float) -> bool:
    """Whether the scatter is surely above `noise`, by its robust and by its plain estimate.

    The plain one is lowered by two standard errors, 1 / sqrt(2 n) of itself each.
    """
    steps = [after - before for before, after in pairwise(scaled)]
    plain = _deviation(steps) / math.sqrt(2)
    lowered = plain * (1 - 2 / math.sqrt(2 * len(scaled)))
    return min(scatter(scaled), plain) > math.log1p(noise) and lowered > 0.8 * math.log1p(noise)


def _no_schedule(run: TrainingRun, scaled: Sequence[float], period: int, swing: float) -> bool:
    """Whether no cyclic learning rate explains the rhythm."""
    rate = run.curve("learning_rate")
    if rate is not None and len(rate) >= 3:
        moves = [b - a for a, b in pairwise(finite(rate).values)]
        return not (any(m > 0 for m in moves[len(moves) // 5 :]) and any(m < 0 for m in moves))
    if period <= _SHORT_PERIOD:
        return True
    # a restart jumps up and comes down slowly; its lows get lower from cycle to cycle
    smooth = trailing_levels(scaled, max(1, period // 6))
    rising = sum(b > a for a, b in pairwise(smooth)) / (len(smooth) - 1)
    third = len(scaled) // 3
    lower = min(scaled[:third]) - min(scaled[-third:])
    return 0.35 < rising < 0.65 and lower < _SETTLED * swing


def _deviation(values: Sequence[float]) -> float:
    mean = fmean(values)
    return math.sqrt(fmean([(value - mean) ** 2 for value in values]))
