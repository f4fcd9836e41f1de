"""The figures of one tensor from its bytes, piece by piece in their order.

Mean and variance of pieces are joined as in Chan, Golub and LeVeque, Updating Formulae and a
Pairwise Algorithm for Computing Sample Variances, 1979.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence

import numpy as np

from ml_debugger.artifacts import TensorFigures
from ml_debugger.readers.checkpoints.element_types import ElementType, Values


class Tally:
    """Takes a tensor's bytes in pieces of whole elements.

    `by_rows` is false where pieces are left out or do not come in the order of the rows: then
    no rows are counted.
    """

    def __init__(
        self,
        kind: ElementType,
        name: str,
        shape: Sequence[int],
        *,
        by_rows: bool = True,
        big_endian: bool = False,
    ) -> None:
        self._kind = kind
        self._big_endian = big_endian
        self._row = math.prod(shape[1:]) if by_rows and len(shape) > 0 else 0
        self._rows = shape[0] if self._row > 0 else 0
        self._row_filled = False
        self._zero_rows = 0
        self._digest = hashlib.blake2b(f"{name}{tuple(shape)}".encode(), digest_size=16)
        self._nan = self._infinite = self._zeros = 0
        self._finite, self._mean, self._squares = 0, 0.0, 0.0
        self._minimum, self._maximum = math.inf, -math.inf
        self.count = 0

    def feed(self, raw: Values) -> None:
        """Take the next bytes (an array of uint8, a whole number of elements)."""
        if raw.size == 0:
            return
        self._fold(raw)
        values = self._kind.decode(raw, big_endian=self._big_endian)
        is_zero = values == 0
        zeros = int(np.count_nonzero(is_zero))
        self._zeros += zeros
        self._count_rows(is_zero, zeros)
        self.count += values.size
        # values near the end of float32 overflow in sums: those pieces are summed as float64
        with np.errstate(over="ignore", invalid="ignore"):
            self._sum(values)

    def figures(self) -> TensorFigures:
        """What the bytes taken so far are."""
        known = self._finite > 0
        return TensorFigures(
            count=self.count,
            nan=self._nan,
            infinite=self._infinite,
            zeros=self._zeros,
            minimum=self._minimum if known else None,
            maximum=self._maximum if known else None,
            mean=self._mean if known else None,
            std=math.sqrt(max(0.0, self._squares) / self._finite) if known else None,
            rows=self._rows,
            zero_rows=self._zero_rows,
            digest=self._digest.hexdigest(),
        )

    def _fold(self, raw: Values) -> None:
        """Sum and exclusive or of the 64-bit words of each piece: a tenth of a checksum's cost."""
        whole = raw.size // 8 * 8
        words = raw[:whole].view(np.uint64)
        self._digest.update(np.add.reduce(words, dtype=np.uint64).tobytes())
        self._digest.update(np.bitwise_xor.reduce(words, dtype=np.uint64).tobytes())
        self._digest.update(raw[whole:].tobytes())

    def _sum(self, values: Values) -> None:
        if values.dtype.kind != "f":
            values = values.astype(np.float32 if values.itemsize <= 2 else np.float64)
        total = float(np.add.reduce(values))
        if not math.isfinite(total):
            values = self._finite_of(values.astype(np.float64))
            if values.size == 0:
                return
            total = float(np.add.reduce(values))
        self._join(values, total)

    def _finite_of(self, values: Values) -> Values:
        nan = int(np.count_nonzero(np.isnan(values)))
        finite = np.isfinite(values)
        self._nan += nan
        self._infinite += values.size - int(np.count_nonzero(finite)) - nan
        kept: Values = values[finite]
        return kept

    def _join(self, values: Values, total: float) -> None:
        self._minimum = min(self._minimum, float(values.min()))
        self._maximum = max(self._maximum, float(values.max()))
        mean = total / values.size
        squares = _squares(values, mean)
        joined = self._finite + values.size
        step = mean - self._mean
        self._squares += squares + step * step * self._finite * values.size / joined
        self._mean += step * values.size / joined
        self._finite = joined

    def _count_rows(self, is_zero: Values, zeros: int) -> None:
        if self._row == 0:
            return
        begin = self.count % self._row
        if zeros == 0:
            # rows that this piece ends are not all zero, and neither is the one that goes on
            self._row_filled = (begin + is_zero.size) % self._row > 0
            return
        edges = np.arange(self._row - begin, is_zero.size, self._row)
        starts = np.concatenate(([0], edges)) if edges.size else np.zeros(1, dtype=np.intp)
        filled = ~np.logical_and.reduceat(is_zero, starts)
        filled[0] |= self._row_filled
        open_end = (begin + is_zero.size) % self._row > 0
        self._row_filled = bool(filled[-1]) if open_end else False
        ended = filled[:-1] if open_end else filled
        self._zero_rows += int(ended.size - np.count_nonzero(ended))


def _squares(values: Values, mean: float) -> float:
    """Sum of the squares around the mean, the short way where it loses no digits."""
    whole, around = float(np.dot(values, values)), mean * mean * values.size
    if around < 0.5 * whole < math.inf:
        return whole - around
    centred = values - values.dtype.type(mean)
    squares = float(np.dot(centred, centred))
    if math.isfinite(squares):
        return squares
    centred = values.astype(np.float64) - mean
    return float(np.dot(centred, centred))
