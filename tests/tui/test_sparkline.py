import math

from hypothesis import given
from hypothesis import strategies as st

from ml_debugger.artifacts import Curve
from ml_debugger.report.style import Style
from tui.sparkline import column, sparkline

UNICODE, ASCII = Style(unicode=True), Style()


def drawn(values: list[float], width: int, style: Style = UNICODE) -> str:
    steps = list(map(float, range(len(values))))
    curve = Curve("loss", "loss", steps, values, list(range(len(values))))
    return sparkline(curve, 0.0, max(1.0, len(values) - 1.0), width, style)


def test_a_rising_curve_climbs_from_the_lowest_to_the_highest_block() -> None:
    assert drawn([float(i) for i in range(8)], 8) == "▁▂▃▄▅▆▇█"


def test_a_terminal_without_unicode_gets_ascii() -> None:
    assert drawn([float(i) for i in range(8)], 8, ASCII) == "_.-:=+*#"


def test_nan_is_marked_where_it_stands() -> None:
    assert drawn([1.0, 0.5, math.nan, math.inf], 4) == "█▁xx"


def test_a_flat_curve_is_flat() -> None:
    assert drawn([0.3] * 5, 5) == "▁▁▁▁▁"


def test_a_sparse_curve_fills_the_line() -> None:
    assert drawn([0.0, 1.0], 6) == "▁▁▁▁▁█"


def test_a_single_step_has_a_column() -> None:
    assert column(7.0, 7.0, 7.0, 40) == 0


@given(st.lists(st.floats(), max_size=300), st.integers(1, 100))
def test_any_curve_takes_exactly_the_width(values: list[float], width: int) -> None:
    assert len(drawn(values, width)) == width
