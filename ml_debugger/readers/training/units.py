"""Brings logged values into the units of a training run: shares, seconds, bytes."""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable

from ml_debugger.readers.training.names import words
from ml_debugger.readers.training.special_names import INVERSE

MIB = float(1 << 20)
SIZES = {
    "b": 1.0, "bytes": 1.0, "k": 1024.0, "kb": 1024.0, "kib": 1024.0,
    "m": MIB, "mb": MIB, "mib": MIB, "g": MIB * 1024, "gb": MIB * 1024, "gib": MIB * 1024,
}  # fmt: skip
"""Bytes by unit. Frameworks divide by powers of 1024 whatever they write (detectron2 and
MetricLogger print `max_mem` so, torch's and nvidia-smi's figures are MiB)."""

TIMES = {
    "ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "msec": 1e-3, "s": 1.0, "sec": 1.0,
    "secs": 1.0, "second": 1.0, "seconds": 1.0, "m": 60.0, "min": 60.0,
}  # fmt: skip

_SHARES = ("accuracy", "share_positive", "clipped_share", "dead_share")
_TIMES_IN_NAMES = {"ms": 1e-3, "us": 1e-6}


def in_unit(canonical: str, original: str, values: array[float]) -> array[float] | None:
    """The values in the unit that `canonical` has; None when they are no such quantity.

    The unit is read from the words of the original name, and where those say nothing from the
    size of the values: an accuracy of 71.2 can only be percent, a time stamp of 1.7e12 only
    milliseconds.
    """
    change = _change(canonical, words(original), values)
    if change is None:
        return None
    return values if change is _same else array("d", [change(value) for value in values])


def is_measured(canonical: str) -> bool:
    """Whether the canonical name has a unit that a log may write otherwise."""
    return (
        canonical in ("step_time", "timestamp", "memory") or
        any(share in canonical for share in _SHARES)
    )  # fmt: skip


def _same(value: float) -> float:
    return value


def _inverse(value: float) -> float:
    return 1.0 / value if value else math.nan


def _times(factor: float) -> Callable[[float], float]:
    return (lambda value: value * factor) if factor != 1.0 else _same


def _change(
    canonical: str, told: list[str], values: array[float]
) -> Callable[[float], float] | None:
    largest = max((abs(value) for value in values if math.isfinite(value)), default=0.0)
    if canonical == "step_time":
        if "_".join(told) in INVERSE:
            return _inverse
        return _times(next((_TIMES_IN_NAMES[w] for w in told if w in _TIMES_IN_NAMES), 1.0))
    if canonical == "timestamp":
        return _timestamp(largest)
    if canonical == "memory":
        return _memory(told, largest)
    if any(share in canonical for share in _SHARES) and largest > 1.0:
        return _times(0.01) if largest <= 100.5 else None
    return _same


def _timestamp(largest: float) -> Callable[[float], float] | None:
    # 1973 to 2286; anything less counts from the start of the run
    for factor in (1.0, 1e-3, 1e-6, 1e-9):
        if 1e8 < largest * factor < 1e10:
            return _times(factor)
    return None


def _memory(told: list[str], largest: float) -> Callable[[float], float] | None:
    unit = next((SIZES[word] for word in told if len(word) > 1 and word in SIZES), None)
    if unit is not None:
        return _times(unit)
    if largest <= 1.0:
        return None
    # no training fits into 4 MiB, and no device has 256 TiB
    if largest >= 4 * MIB:
        return _same
    return _times(MIB * 1024 if largest < 256 else MIB)
