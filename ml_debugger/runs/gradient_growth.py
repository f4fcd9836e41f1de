"""Growth of a gradient norm that lasts, and jumps that the loss follows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from ml_debugger.artifacts import Curve
from ml_debugger.curves.alignment import counts_until
from ml_debugger.curves.noise import scatter
from ml_debugger.curves.points import Points, finite
from ml_debugger.runs.learning import ends_badly

_JUMP = 10.0
_AROUND = 20
_FEWEST = 6


@dataclass(frozen=True, slots=True)
class Growth:
    """Level of a norm at its end against its usual one.

    `factor` is 1 where the norm did not grow, or grew while the loss fell. `step` and `line`
    are where it first lay above three times its usual level for good.
    """

    factor: float
    usual: float
    end: float
    step: float
    line: int
    last_step: float


def lasting_growth(points: Points, norm: Curve | None, loss: Curve | None) -> Growth | None:
    """How the norm grew; None where too few norms are finite to say.

    Before a NaN the last three finite norms are the end, and the first ones may be the usual
    level: such a run is often over within a few steps.
    """
    values = points.values
    lost = _lost(norm, loss)
    if len(values) < (2 if lost else _FEWEST):
        return None
    if lost:
        before = values[:-3] or values[:1]
        end = max(values[-min(3, len(values) - 1) :])
        usual = median(before[len(before) // 10 :])
    else:
        count = len(values)
        end = median(values[-max(3, count // 10) :])
        usual = median(values[max(1, count // 10) : max(3, count // 2)])
    if usual <= 0:
        return Growth(1.0, usual, end, points.steps[0], points.lines[0], points.steps[-1])
    factor = end / usual
    at = _since(values, 3 * usual)
    if not lost and factor > 1 and loss is not None and _falls(loss, points, at):
        factor = 1.0
    return Growth(factor, usual, end, points.steps[at], points.lines[at], points.steps[-1])


def followed_jumps(points: Points, losses: Points) -> list[int]:
    """Positions of norms above ten times their surroundings after which the loss stays higher.

    The first tenth is left out. The three losses after the jump, without that of its own step,
    must lie above those before it by four scatters and a tenth of the level.
    """
    found: list[int] = []
    values = points.values
    jumps = [
        at
        for at in range(max(5, len(values) // 10), len(values))
        if values[at] > _JUMP * median(values[at - 5 : at])
        and values[at] > _JUMP * median(values[max(0, at - _AROUND) : at])
    ]
    counts = counts_until(losses, points) if jumps else []
    for at in jumps:
        cut = counts[at]
        before, after = losses.values[max(0, cut - 11) : max(0, cut - 1)], losses.values[cut:][:3]
        if len(before) < 5 or len(after) < 3 or (found and at - found[-1] < 3):
            continue
        level = median(before)
        earlier = losses.values[max(0, cut - 21) : max(0, cut - 11)] or before
        noise = scatter(losses.values[max(0, cut - 41) : cut])
        drift = abs(level - median(earlier))
        if median(after) > level + max(4 * noise, 2 * drift, 0.1 * abs(level)):
            found.append(at)
    return found


def _lost(norm: Curve | None, loss: Curve | None) -> bool:
    """Whether the run ends in NaN or infinity, of the loss or of the norm."""
    return ends_badly(loss) or (
        norm is not None and ends_badly(norm) and not math.isfinite(norm.values[-1])
    )


def _since(values: Sequence[float], bound: float) -> int:
    """Position from which on nine tenths of the values lie above the bound."""
    above, at = 0, len(values) - 1
    for i in range(len(values) - 1, -1, -1):
        above += values[i] > bound
        if above < 0.9 * (len(values) - i):
            break
        at = i
    return at


def _falls(loss: Curve, points: Points, at: int) -> bool:
    """Whether the loss ends below where it was when the growth began, beyond its noise."""
    losses = finite(loss)
    cut = counts_until(losses, points.between(at, at + 1))[0]
    before = losses.values[max(0, cut - 20) : cut] or losses.values[:3]
    after = losses.values[-max(3, len(losses) // 10) :]
    drop = median(before) - median(after)
    return drop > max(scatter(losses.values), 0.01 * abs(median(before)))
