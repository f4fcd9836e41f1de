"""Whether a training loss stands still, from the start or from early on."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, median

from ml_debugger.curves.decline import Decline, decline
from ml_debugger.curves.guessing import classes_of
from ml_debugger.curves.noise import spread
from ml_debugger.curves.points import Points

FEWEST = 12
_MANY = 50
_EARLY = 0.1
_FEW = 5
_LEARNT = 0.5
_GREATEST = 1e100
_AT_GUESS = 0.001
_NEAR = 0.05
_LEAST_SKILL = 0.001

_PRICES = 100.0
_FALL_OF_PRICES = 0.02
"""A loss this high is that of prices, most of whose variance can be learnt, or of none."""


@dataclass(frozen=True, slots=True)
class Standstill:
    """`share` is the part of the run that stands still: 1 all of it, 0 none.

    `before` and `after` are the mean losses compared, `fall` the relative difference, `at_most`
    the greatest that the noise leaves possible. `step` and `line` are where it begins. `classes`
    is the number of classes whose uniform guess costs the level; `frozen` says that the loss
    never leaves it.
    """

    share: float
    before: float
    after: float
    fall: float
    at_most: float
    first: float
    first_line: int
    step: float
    line: int
    classes: int | None
    frozen: bool


def standstill(
    train: Points, validation: Points | None, fall: float, fall_of_tokens: float | None
) -> Standstill | str:
    """What the training loss shows; a text where its noise allows no verdict."""
    values = train.values
    if min(values) <= 0:
        return "losses of zero or below have no relative fall"
    if max(values) > _GREATEST:
        return f"losses above {_GREATEST:g} are another fault"
    count = len(values)
    tail = values[-max(4, 2 * count // 5) :]
    head = values[: max(4, count // 5)]
    whole = decline(head, tail)
    start = max(2, min(round(_EARLY * count), _FEW))
    rest = decline(values[start : start + max(4, start)], tail)
    if whole is None or rest is None:
        return "too few values"
    level = fmean(tail)
    if level > _PRICES:
        fall = max(fall, _FALL_OF_PRICES)
    opening = 1 - level / fmean(values[:3] if count >= 30 else values[:1])
    slow = _near_a_guess(level) and whole.share > max(3 * whole.error, fall / 3)
    if _still(whole, fall) and opening < fall + 2 * whole.error and not slow:
        return _found(train, 1.0, 0, whole)
    if fall_of_tokens is not None and count >= _MANY and train.steps[0] <= _EARLY * train.steps[-1]:
        allowed = fall_of_tokens + 2 * _error_of_three(values)
        if whole.share < whole.error and whole.at_most < fall_of_tokens and opening < allowed:
            return _found(train, 1.0, 0, whole)
    fell = 1 - median(tail) / values[0]
    slow = _near_a_guess(level) and rest.share > max(3 * rest.error, fall / 3)
    if (
        not slow
        and _still(rest, fall)
        and fell < _LEARNT
        and not _improves(validation, train.steps[start])
    ):
        if _below_variance(level, rest.error):
            return (
                f"the level, {level:.4g}, lies surely below the variance of a standardised target"
            )
        return _found(train, 1 - start / count, start, rest)
    if whole.share < fall < whole.at_most:
        return (
            f"noise could hide a fall of {whole.at_most:.1%}; none is seen "
            f"({whole.share:.2%} of the loss)"
        )
    return _found(train, 0.0, 0, whole)


def _near_a_guess(level: float) -> bool:
    """At ln C or at the variance of a standardised target, where a thousandth may be skill."""
    return classes_of(level, _NEAR) is not None or abs(level - 1) < _NEAR


def _below_variance(level: float, error: float) -> bool:
    """Little below 1, but surely: what a good model of standardised returns reaches and keeps."""
    return 1 - _NEAR < level < 1 - max(3 * error, _LEAST_SKILL)


def _still(seen: Decline, fall: float) -> bool:
    """No greater fall is possible, and no rise either: that would be another fault."""
    return seen.at_most < fall and seen.share > -0.05


def _error_of_three(values: Sequence[float]) -> float:
    return spread(values) / median(values) / math.sqrt(3)


def _improves(validation: Points | None, after: float) -> bool:
    if validation is None or len(validation) < 6:
        return False
    early = [v for s, v in zip(validation.steps, validation.values, strict=True) if s <= after]
    late = [v for s, v in zip(validation.steps, validation.values, strict=True) if s > after]
    if not early or len(late) < 3:
        return False
    best = min(median(late[i : i + 3]) for i in range(len(late) - 2))
    return min(early) - best > 0.005 * abs(min(early))


def _found(train: Points, share: float, start: int, seen: Decline) -> Standstill:
    values = train.values
    classes = classes_of(seen.after, 0.005) if share else None
    frozen = share == 1 and classes_of(min(values), _AT_GUESS) is not None and (
        classes_of(max(values[1:]), _AT_GUESS) is not None
    )  # fmt: skip
    return Standstill(
        share, seen.before, seen.after, seen.share, seen.at_most, values[0],
        train.lines[0], train.steps[start], train.lines[start], classes, frozen,
    )  # fmt: skip
