"""NaN as a filler: a column that is computed only now and then, written by a tool that fills."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from statistics import median

from ml_debugger.artifacts import Curve

_REGULAR = 0.9


def is_filled(values: Sequence[float]) -> bool:
    """Whether the NaN of a curve fill gaps: finite values at one regular distance, to the end."""
    if any(math.isinf(value) for value in values):
        return False
    finite = [i for i, value in enumerate(values) if math.isfinite(value)]
    if len(finite) < 3:
        return False
    gaps = [after - before for before, after in pairwise(finite)]
    usual = int(median(gaps))
    regular = sum(gap == usual for gap in gaps) >= _REGULAR * len(gaps)
    ended = len(values) - 1 - finite[-1] < usual
    return usual > 1 and regular and ended and finite[0] <= usual


def is_of_other_rows(curve: Curve, other: Curve | None) -> bool:
    """Whether the NaN of a curve stand on the rows of another one, which is NaN on its own.

    So writes a tool that gives training and validation a row each and fills the rest.
    """
    if other is None or other is curve:
        return False
    taken = {
        line for line, v in zip(other.lines, other.values, strict=True) if math.isfinite(v)
    }  # fmt: skip
    own = {line for line, v in zip(curve.lines, curve.values, strict=True) if math.isfinite(v)}
    missing = {line for line, v in zip(curve.lines, curve.values, strict=True) if math.isnan(v)}
    if not own or not missing:
        return False
    return len(missing & taken) >= _REGULAR * len(missing) and not own & taken
