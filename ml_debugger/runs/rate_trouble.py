"""Whether the loss goes up as the learning rate rises to a height that it had not had before."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from ml_debugger.artifacts import Curve
from ml_debugger.curves.alignment import values_at
from ml_debugger.curves.blocks import blocks
from ml_debugger.curves.noise import scatter
from ml_debugger.curves.points import Points, finite
from ml_debugger.curves.significance import rank_sum_p

FEWEST = 10
_MOST = 400
_CATASTROPHE = 5.0


@dataclass(frozen=True, slots=True)
class RateTrouble:
    """A loss that went up with the rate.

    `rise` is how far it went above its lowest level until then, over what it had gained by then,
    a tenth of its level and three scatters; 100 where it ends in NaN or infinity. `onset` is
    where it began, `calm_rate` the rate at the lowest level before, `rate` that at the onset,
    `recovered` whether it calmed down when the rate fell again, None where the rate never did.
    """

    rise: float
    onset: Points
    before: float
    worst: float
    calm_rate: float
    rate: float
    recovered: bool | None


def rate_trouble(loss: Curve, rate: Curve) -> RateTrouble | None:
    """The first lasting rise of the loss that set in with a rise of the rate; None without one.

    A rate that the training had already lived with is not the cause: schedules with restarts
    raise the loss at each of them, and that is as it should be.
    """
    points = blocks(finite(loss), _MOST)
    rates = values_at(finite(rate), points)
    if len(points) < FEWEST or not rates or min(rates) < 0 or max(rates) <= 1.5 * min(rates):
        return None
    level = _smooth(points.values)
    ends_badly = not all(math.isfinite(value) for value in loss.values[-3:])
    if min(level) < 0 < max(level) and not ends_badly:
        # the losses of reinforcement learning go up and down about zero
        return None
    found = _onset(points.values, level, ends_badly)
    if found is None:
        return None
    lowest, onset, noise = found
    height = max(rates[lowest : onset + 1])
    lived_with = sum(one >= 0.7 * height for one in rates[:lowest])
    if height < 1.5 * min(rates[: lowest + 1]) or lived_with > 2 + 0.4 * lowest:
        return None
    before = level[lowest]
    wide = max(3, len(level) // 20)
    worst = max(
        median(level[i : i + wide]) for i in range(onset, max(onset + 1, len(level) - wide))
    )
    gained = max(level[0] - before, 0.0)
    later = [level[i] for i in range(onset, len(level)) if rates[i] < 0.5 * height]
    recovered = None
    if later:
        recovered = median(later) - before < 0.5 * (worst - before)
    rise = worst - before
    calmed = _calms_at_the_height(level, rates, onset, before + 0.25 * rise)
    if calmed or _again_without(level, rates, onset, 0.5 * rise, 0.7 * height):
        return None
    lost = ends_badly or worst - before > _CATASTROPHE * max(abs(level[0]), abs(before))
    undone = gained > 2.5 * noise and worst - before > 0.8 * gained
    if not (recovered or lost or undone):
        return None
    rise = 100.0 if ends_badly else (worst - before) / (gained + 0.1 * abs(before) + 3 * noise)
    return RateTrouble(
        min(rise, 100.0), points.between(onset, onset + 1), before, worst, rates[lowest],
        height, recovered,
    )  # fmt: skip


def _calms_at_the_height(
    level: Sequence[float], rates: Sequence[float], onset: int, bound: float
) -> bool:
    """Whether the loss comes down again while the rate is still at its height."""
    high = 0.9 * max(rates[onset:])
    held = max(i for i in range(onset, len(level)) if rates[i] >= high) + 1
    return held - onset >= 6 and max(level[held - 3 : held]) < bound


def _again_without(
    level: Sequence[float], rates: Sequence[float], onset: int, rise: float, low: float
) -> bool:
    """Whether the loss goes up as far again at low rates: a curriculum, or data that change."""
    lowest = math.inf
    for i in range(onset, len(level)):
        if rates[i] >= low:
            lowest = math.inf
            continue
        lowest = min(lowest, level[i])
        if level[i] - lowest > rise:
            return True
    return False


def _onset(
    values: Sequence[float], level: Sequence[float], ends_badly: bool
) -> tuple[int, int, float] | None:
    """Position of the lowest level, of the first lasting rise above it, and the noise until then.

    The rise must be half of what was gained, a tenth of the level and two scatters, and the
    stretch after it must lie above that about the lowest level by a rank-sum test.
    """
    lowest, last = 0, len(level)
    lasting = max(3, last // 20)
    for i in range(1, last):
        if level[i] < level[lowest]:
            lowest = i
            continue
        gained = max(level[0] - level[lowest], 0.0)
        least = max(0.5 * gained, 0.1 * abs(level[lowest]))
        stretch = values[i : i + lasting]
        if level[i] - level[lowest] <= least or len(stretch) < lasting:
            continue
        start = max(0, lowest - lasting // 2)
        calm = values[start : min(start + lasting, i)]
        noise = max(scatter(values[: lowest + 1]), scatter(values[: i + lasting]))
        rise = median(stretch) - level[lowest]
        if rise <= max(least, 2 * noise):
            continue
        if rank_sum_p(stretch, calm) < 1e-4 or (
            min(stretch) > max(values[:i][-lasting:] if i > lowest else calm) and rise > 5 * noise
        ):
            return lowest, i, noise
    return (last - 1, last - 1, scatter(values)) if ends_badly and last > 2 else None


def _smooth(values: Sequence[float]) -> list[float]:
    half = 2 if len(values) >= 30 else 1
    return [median(values[max(0, i - half) : i + half + 1]) for i in range(len(values))]
