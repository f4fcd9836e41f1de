"""How fine a log prints its numbers."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal


def last_place(values: Iterable[float]) -> float:
    """Unit of the last decimal place that any of the values uses; 1 for whole numbers.

    A rate of 0.0003 printed with four places may be anything from 0.00025 to 0.00035, so nothing
    below half of this unit can be told. Values must be finite; zeros say nothing; without any
    other value the unit is 1.
    """
    places = [_exponent(value) for value in values if value]
    return 10.0 ** min(places, default=0)


def _exponent(value: float) -> int:
    # repr is the shortest text that gives the same float: what was printed, less trailing zeros
    exponent = Decimal(repr(value)).normalize().as_tuple().exponent
    return min(0, exponent) if isinstance(exponent, int) else 0
