"""Curves drawn with characters."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from ml_debugger.report.canvas import Canvas


def test_a_line_joins_its_points() -> None:
    canvas = Canvas(5, 3, braille=False)
    canvas.line([0.0, 1.0], [0.0, 1.0])
    assert canvas.rows() == ["   ..", "  .  ", "..   "]


def test_braille_has_eight_dots_a_character() -> None:
    canvas = Canvas(2, 1, braille=True)
    canvas.line([0.0, 1.0], [0.0, 0.0])
    assert canvas.rows() == ["⣀⣀"]


def test_a_gap_stays_a_gap() -> None:
    canvas = Canvas(5, 1, braille=False)
    canvas.line([0.0, 0.25, 0.5, 0.75, 1.0], [0, 0, math.nan, 0, 0])
    assert canvas.rows() == [".. .."]


def test_a_mark_stands_above_the_line() -> None:
    canvas = Canvas(3, 1, braille=True)
    canvas.line([0.0, 1.0], [0.0, 0.0])
    canvas.mark(0.5, 0.0, "o")
    assert canvas.rows() == ["⣀o⣀"]


@given(
    st.lists(st.tuples(st.floats(0, 1), st.floats(-1e300, 1e300) | st.just(math.nan)), max_size=50),
    st.integers(1, 80),
    st.integers(1, 8),
    st.booleans(),
)
def test_whatever_is_drawn_stays_within_the_picture(
    points: list[tuple[float, float]], width: int, height: int, braille: bool
) -> None:
    canvas = Canvas(width, height, braille=braille)
    canvas.line([x for x, _ in points], [y for _, y in points])
    rows = canvas.rows()
    assert len(rows) == height
    assert {len(row) for row in rows} == {width}
