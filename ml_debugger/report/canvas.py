"""A curve drawn with characters: two by four dots in each where the terminal knows Braille."""

from __future__ import annotations

import math
from collections.abc import Sequence

_BRAILLE = 0x2800
# bits of the dots of a Braille character, by column and row (Unicode 15, block 2800-28FF)
_DOTS = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))


class Canvas:
    """`width` by `height` characters; x and y of what is drawn run from 0 to 1, y upwards."""

    def __init__(self, width: int, height: int, *, braille: bool) -> None:
        self._width, self._height = width, height
        self._across, self._down = (2, 4) if braille else (1, 1)
        self._dots = [[0] * width for _ in range(height)]
        self._marks: dict[tuple[int, int], str] = {}

    def line(self, xs: Sequence[float], ys: Sequence[float]) -> None:
        """Join points that follow each other; one that is not finite interrupts the line."""
        before: tuple[int, int] | None = None
        for x, y in zip(xs, ys, strict=True):
            if not math.isfinite(y):
                before = None
                continue
            dot = self._dot(x, y)
            for point in _between(before or dot, dot):
                self._set(*point)
            before = dot

    def mark(self, x: float, y: float, sign: str) -> None:
        """Put one character, above whatever line passes there."""
        column, row = self._dot(x, y)
        self._marks[row // self._down, column // self._across] = sign

    def rows(self) -> list[str]:
        """The lines of the picture, the top one first."""
        return [
            "".join(self._sign(row, column) for column in range(self._width))
            for row in range(self._height)
        ]

    def _sign(self, row: int, column: int) -> str:
        mark = self._marks.get((row, column))
        if mark is not None:
            return mark
        dots = self._dots[row][column]
        if self._down == 1:
            return "." if dots else " "
        return chr(_BRAILLE + dots) if dots else " "

    def _dot(self, x: float, y: float) -> tuple[int, int]:
        across, down = self._width * self._across - 1, self._height * self._down - 1
        return round(_within(x) * across), round((1 - _within(y)) * down)

    def _set(self, column: int, row: int) -> None:
        bit = _DOTS[column % 2][row % 4] if self._down == 4 else 1
        self._dots[row // self._down][column // self._across] |= bit


def _within(share: float) -> float:
    return min(1.0, max(0.0, share))


def _between(start: tuple[int, int], end: tuple[int, int]) -> list[tuple[int, int]]:
    """The dots of a straight line, both ends included."""
    steps = max(abs(end[0] - start[0]), abs(end[1] - start[1]))
    return [
        (
            start[0] + round((end[0] - start[0]) * i / steps),
            start[1] + round((end[1] - start[1]) * i / steps),
        )
        for i in range(steps + 1)
    ] if steps else [end]  # fmt: skip
