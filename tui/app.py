"""The application: a feed in a thread, and the screens."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import ClassVar

from textual.app import App
from textual.binding import Binding, BindingType
from textual.events import Resize

from ml_debugger.report.style import Style
from tui.cards import card_of
from tui.detail import Cards
from tui.feed import Feed, Source
from tui.main import Main
from tui.past import OpenHistory
from tui.too_small import LEAST, TooSmall


class WatchApp(App[None]):
    """Shows runs of a source, one after the other; changes nothing.

    `source` starts one run and is told to stop through the event that it is given.
    `history` opens the store of past runs, in a thread of its own each time.
    `refresh` is the pause between two runs in seconds.
    """

    CSS_PATH = "app.tcss"
    TITLE = "diagnostic watch"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q", "quit", show=False),
        Binding("ctrl+c", "quit", show=False, priority=True),
    ]

    def __init__(
        self,
        source: Source,
        *,
        history: OpenHistory | None = None,
        refresh: float = 30.0,
        style: Style | None = None,
        cards: Cards = card_of,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__()
        self.animation_level = "none"
        self.feed = Feed(source, refresh, clock)
        self.main = Main(self.feed, history, cards, style or Style(unicode=True, colour=True))

    async def on_mount(self) -> None:
        await self.push_screen(self.main)
        self.run_worker(self.feed.run, thread=True, exit_on_error=False)

    def on_unmount(self) -> None:
        self.feed.stop()

    async def action_quit(self) -> None:
        """Leave at once; the run that goes on is stopped."""
        self.feed.stop()
        self.exit()

    def on_resize(self, event: Resize) -> None:
        """Cover the screen while the window is too small to show it."""
        small = event.size.width < LEAST.width or event.size.height < LEAST.height
        covered = isinstance(self.screen, TooSmall)
        if small and not covered:
            self.push_screen(TooSmall())
        elif covered and not small:
            self.pop_screen()
