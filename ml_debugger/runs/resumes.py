"""Where a training was taken up again inside one log: by its counter, its clock, its rate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from ml_debugger.curves.points import Points

_MOST = 20
_SHARE = 0.05
_LONGEST_RAMP = 10
_REPLAYED = 5


@dataclass(frozen=True, slots=True)
class Resume:
    """A place where the training was taken up again.

    `line` is the first line after it. `back_to` is the step to which the counter went back,
    None where it went on; `reason` says what shows it. `pause` is true where nothing but a gap
    in the clock does.
    """

    line: int
    reason: str
    back_to: float | None = None
    pause: bool = False


def counter_resumes(points: Points) -> list[Resume]:
    """Where the counter goes back or stands still; none where that is how the log is written.

    Ranks and workers that write through each other go back all the time.
    """
    found = []
    for at in range(1, len(points)):
        before, now = points.steps[at - 1], points.steps[at]
        if now <= before:
            reason = f"the counter goes back from {before:g} to {now:g}"
            if now == before:
                reason = f"{now:g} is counted twice"
            found.append(Resume(points.lines[at], reason, now))
    return found if len(found) <= max(1, min(_MOST, int(_SHARE * len(points)))) else []


def clock_resumes(times: Points) -> list[Resume]:
    """Where the clock jumps by more than 20 usual intervals and a minute."""
    gaps = [after - before for before, after in pairwise(times.values)]
    if len(gaps) < 10:
        return []
    bound = max(20 * median(gaps), 60.0)
    found = [
        Resume(times.lines[at + 1], f"nothing was logged for {gap:,.0f} s", pause=True)
        for at, gap in enumerate(gaps)
        if gap > bound
    ]
    return found if len(found) <= min(_MOST, _SHARE * len(gaps)) else []


def rate_resumes(rates: Points) -> list[Resume]:
    """Where the rate leaves its height and repeats the beginning of the run, once.

    A schedule with restarts repeats itself from its lowest rate, and more than once.
    """
    values = rates.values
    ramp = list(values[:_LONGEST_RAMP])
    highest = max(values, default=0.0)
    if len(values) < 2 * _REPLAYED or highest <= 0 or not _moves(ramp):
        return []
    usual = median(abs(after - before) for before, after in pairwise(values))
    found = []
    for at in range(_REPLAYED, len(values) - 2):
        before, now = values[at - 1], values[at]
        jump = abs(now - before)
        again = values[at : at + _LONGEST_RAMP]
        if (
            jump > max(5 * usual, 0.1 * highest)
            and before > 0.2 * highest
            and len(again) >= 3
            and _moves(again)
            and all(_same(a, b) for a, b in zip(again, ramp, strict=False))
        ):
            found.append(Resume(rates.lines[at], "the rate begins again from its start"))
    return found if len(found) == 1 else []


def _moves(values: Sequence[float]) -> bool:
    return max(values) - min(values) > 0.05 * max(values)


def _same(one: float, other: float) -> bool:
    return abs(one - other) <= 0.01 * max(abs(one), abs(other))
