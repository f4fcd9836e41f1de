"""How a curve swings: by how much, and whether each step takes back the one before."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean


def alternation(values: Sequence[float]) -> float:
    """Autocorrelation of neighbouring differences about their mean; 0 for fewer than 4 values.

    -0.5 for independent values, 0 for a random walk, towards -1 for a curve that goes up and
    down in turn. Its standard error for independent values is sqrt(0.5 / n) (Bartlett, "On the
    theoretical specification and sampling properties of autocorrelated time-series", 1946).
    """
    steps = [after - before for before, after in pairwise(values)]
    if len(steps) < 3:
        return 0.0
    mean = fmean(steps)
    centred = [step - mean for step in steps]
    power = sum(step * step for step in centred)
    if power == 0:
        return 0.0
    return sum(a * b for a, b in pairwise(centred)) / power


@dataclass(frozen=True, slots=True)
class Rhythm:
    """The strongest period of a curve, in points, and the shares of the variance it explains.

    `line` is the share in the one frequency, `band` that with its two neighbours, over which a
    period that does not divide the length is spread.
    """

    period: int
    line: float
    band: float
    frequencies: int

    @property
    def chance(self) -> float:
        """Probability, or more, that independent values would show so strong a line or band.

        The shares of m frequencies are those of m exponential values, so that one of them is
        distributed as Beta(1, m - 1) and three as Beta(3, m - 3). Source: Fisher, "Tests of
        significance in harmonic analysis", 1929.
        """
        m = self.frequencies
        line = (1 - self.line) ** (m - 1)
        band = sum(
            math.comb(m - 1, j) * self.band**j * (1 - self.band) ** (m - 1 - j)
            for j in range(min(3, m))
        )
        return min(1.0, 2 * m * min(line, band))


def rhythm(values: Sequence[float], longest: float) -> Rhythm | None:
    """The strongest period up to `longest` points about a straight line (periodogram).

    None for fewer than 8 values or none that differ from the line.
    """
    count = len(values)
    if count < 8:
        return None
    middle, mean = (count - 1) / 2, fmean(values)
    slope = sum((i - middle) * (v - mean) for i, v in enumerate(values)) / sum(
        (i - middle) ** 2 for i in range(count)
    )
    rest = [v - mean - slope * (i - middle) for i, v in enumerate(values)]
    total = sum(r * r for r in rest)
    if total == 0:
        return None
    powers = []
    for k in range(1, count // 2 + 1):
        angle = 2 * math.pi * k / count
        cosine = sum(r * math.cos(angle * i) for i, r in enumerate(rest))
        sine = sum(r * math.sin(angle * i) for i, r in enumerate(rest))
        factor = 1.0 if 2 * k == count else 2.0
        powers.append(factor * (cosine * cosine + sine * sine) / count / total)
    first = max(2, math.ceil(count / longest))
    if first > len(powers):
        return None
    at = max(range(first - 1, len(powers)), key=powers.__getitem__)
    band = sum(powers[max(0, at - 1) : at + 2])
    return Rhythm(round(count / (at + 1)), powers[at], min(band, 1.0), (count - 1) // 2)
