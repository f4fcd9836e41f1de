"""Which rows of a column differ between two runs, by more than rounding."""

from __future__ import annotations

import numpy as np

from ml_debugger.probes.feature_function.exchange import Column
from ml_debugger.probes.feature_function.sample import Array

DOUBLE = 1e-9
"""Relative tolerance of float64: rounding grows with the number of operations, and stays below
this in rolling moments (measured on pandas 1.3, 2.0 and 3.1 and polars 0.20 and 2.1)."""
SINGLE = 2e-6
"""Of float32: sixteen times its rounding, 1.2e-7."""
HALF = 1e-2
"""Of float16, likewise."""
MARGIN = 100.0
"""How much larger than after rounding the input a difference must be. Functions that subtract the
mean of the whole sample for precision (moments of rolling windows in pandas 1 and 2) round
differently for each sample; where a window is nearly flat only that rounding is left."""
ROUGH = 1e-6
"""Relative tolerance of a column that shows such rounding anywhere."""
CLASSES = 20
"""A column of at most so many values is a class or a flag: rounding moves none of them far."""
UNSTABLE = 0.01
"""A row whose allowed difference exceeds this share of its value and scale tells nothing."""


class Comparison:
    """Compares a column with its first run; `tolerance` and `scale` come from that run."""

    def __init__(self, base: Column, noise: Array | None = None) -> None:
        self.base = base
        values = base.values
        finite = values[np.isfinite(values)] if values.dtype.kind == "f" else values[:0]
        numbers = finite.astype(np.float64) if len(finite) else np.zeros(1)
        self.scale = float(np.percentile(np.abs(numbers), 99))
        self._tolerance = _tolerance(base.dtype, numbers)
        self.noise: Array = np.zeros(len(values)) if noise is None else noise
        self._classes = len(np.unique(numbers)) <= CLASSES

    @property
    def rough(self) -> bool:
        """Whether rounding the input changes a value by more than the tolerance leaves room for."""
        if self._classes:
            return False
        size = np.nan_to_num(np.abs(self.base.values)) + self.scale
        return bool(np.any(MARGIN * self.noise > DOUBLE * size))

    @property
    def unstable(self) -> Array:
        """A mask: true where rounding the input changes the value so much that it tells nothing."""
        size = np.nan_to_num(np.abs(self.base.values)) if self.base.values.dtype.kind == "f" else 0
        return np.asarray(MARGIN * self.noise > UNSTABLE * (size + self.scale))

    def learn(self, near: Column) -> None:
        """Take the difference of a run whose input was rounded for noise, row by row."""
        differ = self.differ(near)
        noise = np.where(differ, np.inf, 0.0)
        if self.base.values.dtype.kind == near.values.dtype.kind == "f":
            with np.errstate(invalid="ignore"):
                noise = np.abs(self.base.values - near.values)
            noise = np.where(np.isnan(noise), np.where(differ, np.inf, 0.0), noise)
        self.noise = np.fmax(self.noise, noise)

    def differ(self, other: Column, rows: Array | None = None) -> Array:
        """A mask over the rows (of all, or of those in a mask): true where the runs differ.

        A value and a missing one differ; two missing ones do not. Numbers differ when they are
        further apart than the tolerance times the larger of them plus the column's magnitude
        (its 99th percentile), so that noise about zero is no difference, and by more than the
        noise that was learnt.
        """
        noise = self.noise if rows is None else self.noise[rows]
        base = self.base.values if rows is None else self.base.values[rows]
        values = other.values
        if base.dtype.kind != values.dtype.kind:
            return np.ones(len(base), dtype=bool)
        if base.dtype.kind != "f":
            return np.asarray((base != values) & np.isfinite(noise))
        with np.errstate(invalid="ignore", over="ignore"):
            larger = np.fmax(np.abs(base), np.abs(values))
            tolerance = max(self._tolerance, ROUGH if self.rough else 0.0)
            allowed = tolerance * (larger + self.scale) + MARGIN * noise
            near = (np.abs(base - values) <= allowed) & np.isfinite(larger)
        same = (base == values) | (np.isnan(base) & np.isnan(values))
        return np.asarray(~(same | near | np.isinf(noise)))


def _tolerance(dtype: str, numbers: Array) -> float:
    with np.errstate(over="ignore"):
        short = numbers.astype(np.float32).astype(np.float64)
    whole = bool(np.all(numbers == np.round(numbers)))
    if "16" in dtype and "float" in dtype:
        return HALF
    # single precision that was stored as double is still single
    if "float32" in dtype or (not whole and bool(np.all(short == numbers))):
        return SINGLE
    return DOUBLE
