"""Pairs of columns of which one is an exact multiple of the other, plus a constant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

    Matrix = np.ndarray[tuple[int, int], np.dtype[np.float64]]
    Floats = np.ndarray[tuple[int, ...], np.dtype[np.float64]]

LEAST_COMMON = 15
"""Rows on which both columns must have a value."""
CANDIDATE = 1e-6
"""Distance of the squared correlation from 1 up to which a pair is looked at closely."""
EXACT = 1e-6
"""Largest residual of a copy, in median absolute deviations."""
ROUNDING = 8
"""Units in the last place that two ways of computing one thing may differ by."""


@dataclass(frozen=True)
class Affine:
    """`y = factor * x + offset` on all rows where both are known."""

    factor: float
    offset: float

    @property
    def words(self) -> str:
        """The relation as a person writes it."""
        if self.factor == 1 and self.offset == 0:
            return "equal"
        times = "" if self.factor == 1 else f"times {self.factor:.6g}"
        plus = "" if self.offset == 0 else f"{'plus' if self.offset > 0 else 'less'} "
        return " ".join(part for part in (times, plus and f"{plus}{abs(self.offset):.6g}") if part)


def candidates(values: Matrix) -> list[tuple[int, int]]:
    """Pairs of columns with a correlation of 1 or -1 on the rows that both have; NaN is missing."""
    import numpy as np

    finite = np.isfinite(values)
    count = np.maximum(finite.sum(axis=0), 1)
    filled = np.where(finite, values, 0.0)
    # scaled before centred, so that squares of large amounts stay finite
    filled /= np.maximum(np.abs(filled).max(axis=0), 1e-300)
    filled = np.where(finite, filled - filled.sum(axis=0) / count, 0.0)
    spread = np.sqrt((filled**2).sum(axis=0) / count)
    filled /= np.maximum(spread, 1e-300)
    mask = finite.astype(np.float64)
    common = mask.T @ mask
    total = filled.T @ mask
    square = (filled**2).T @ mask
    product = filled.T @ filled
    with np.errstate(invalid="ignore", divide="ignore"):
        variance = square - total**2 / common
        covariance = product - total * total.T / common
        explained = covariance**2 / (variance * variance.T)
    near = (explained > 1 - CANDIDATE) & (common >= LEAST_COMMON) & (spread > 0)
    first, second = np.nonzero(np.triu(near & near.T, 1))
    return list(zip(first.tolist(), second.tolist(), strict=True))


def relation(x: Floats, y: Floats, epsilon: float) -> Affine | None:
    """The exact relation of two columns, None where there is none; `epsilon` is their precision."""
    import numpy as np

    known = np.isfinite(x) & np.isfinite(y)
    x, y = x[known], y[known]
    if len(x) < LEAST_COMMON:
        return None
    if np.array_equal(x, y):
        return Affine(1.0, 0.0)
    left, right = x - x.mean(), y - y.mean()
    power = float(left @ left)
    if power == 0:
        return None
    factor = float(left @ right) / power
    offset = float(y.mean() - factor * x.mean())
    spread = float(np.median(np.abs(y - np.median(y)))) or float(y.std())
    magnitude = np.abs(y) + np.abs(factor * x) + abs(offset)
    allowed = EXACT * spread + ROUNDING * epsilon * magnitude
    if np.any(np.abs(y - factor * x - offset) > allowed):
        return None
    return Affine(_tidy(factor, 1.0), _tidy(offset, spread))


def _tidy(number: float, unit: float) -> float:
    """A number without the noise of its computation."""
    rounded = float(f"{number:.9g}")
    return 0.0 if abs(rounded) < EXACT * unit else rounded
