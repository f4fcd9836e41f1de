"""What the three screens look like, as SVG."""

from collections.abc import Callable
from typing import Any

import pytest

from tui.app import WatchApp


@pytest.mark.parametrize(("name", "key"), [("findings", "1"), ("machine", "2"), ("training", "3")])
def test_screen(
    app: Callable[..., WatchApp],
    settle: Callable[..., Any],
    snap_compare: Callable[..., bool],
    name: str,
    key: str,
) -> None:
    watch = app()
    watch.theme = "textual-dark"

    async def show(pilot: Any) -> None:
        await settle(pilot)
        await pilot.press(key)

    assert snap_compare(watch, terminal_size=(80, 24), run_before=show), name
