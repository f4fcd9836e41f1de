"""How far a run's own upper tail reaches, so that rare points are told from a heavy tail."""

from __future__ import annotations

import math
from collections.abc import Sequence

_FEWEST = 5


def tail_reach(values: Sequence[float], left_out: int, chance: float) -> float:
    """The height that one of `values` would exceed with probability `chance` in the whole sample.

    The upper tail is taken for a power law, whose exponent comes from the top twentieth of the
    values (at least 5) below the `left_out` greatest, which are the ones to be judged. A power
    law reaches further than any lighter tail, so it errs to the cautious side. Infinite where
    the sample is too small. Source: Hill, "A simple general approach to inference about the tail
    of a distribution", 1975.
    """
    ordered = sorted(values, reverse=True)[left_out:]
    used = max(_FEWEST, len(ordered) // 20)
    if len(ordered) < 8 * used or ordered[used] <= 0:
        return math.inf
    edge = ordered[used]
    inverse = sum(math.log(value / edge) for value in ordered[:used]) / used
    return edge * math.exp(min(inverse * math.log(used / chance), 700.0))
