import pytest

from ml_debugger.report.style import Style
from tui.figures import age, amount, bar, clipped


@pytest.mark.parametrize(
    ("size", "text"),
    [(None, "?"), (0, "0 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (80 * 2**30, "80.0 GiB")],
)
def test_amounts(size: float | None, text: str) -> None:
    assert amount(size) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.2, "0 s ago"), (59.9, "59 s ago"), (61, "1 min ago"), (7300, "2 h ago")],
)
def test_ages(seconds: float, text: str) -> None:
    assert age(seconds) == text


def test_a_bar_is_as_full_as_its_share_and_never_overflows() -> None:
    assert bar(0.5, 4, Style()) == "[##--]"
    assert bar(7.0, 4, Style()) == "[####]"
    assert bar(None, 4, Style()) == "[    ]"


def test_a_long_text_keeps_its_head_or_its_tail() -> None:
    assert clipped("momentum", 6) == "mom..."
    assert clipped("a/b/prices.parquet", 10, head=False) == "...parquet"
    assert clipped("short", 5) == "short"
