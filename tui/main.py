"""The main screen: header, the four panes, and the line of keys."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.widgets import ContentSwitcher, Static

from ml_debugger.report.style import Style
from tui.detail import Cards
from tui.feed import Feed
from tui.findings import Findings
from tui.header import Header
from tui.help import Help
from tui.machine import Machine
from tui.past import OpenHistory, Past
from tui.training import Training

PANES = {
    "findings": "Findings",
    "machine": "Machine",
    "training": "Training",
    "past": "Past runs",
}
KEYS = "q quit  ? help  / filter  Enter read  Esc back  1-4 screens  r refresh  a all"

PAINT_SECONDS = 1.0
"""Each repaint costs bytes on a slow line; one a second is as fast as people read."""

Pane = Findings | Machine | Training | Past


class Main(Screen[None]):
    """Switches between the panes and hands them the newest report."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *(Binding(str(n), f"pane('{pane}')", show=False) for n, pane in enumerate(PANES, 1)),
        Binding("escape", "back", show=False),
        Binding("r", "refresh", show=False),
        Binding("question_mark", "help", show=False),
    ]

    def __init__(
        self, feed: Feed, open_history: OpenHistory | None, cards: Cards, style: Style
    ) -> None:
        super().__init__()
        self._feed = feed
        self._style = style
        self._painted = -1
        self._header = Header(list(PANES.values()), style)
        self._switcher = ContentSwitcher(
            Findings(cards, style, id="findings"),
            Machine(style, id="machine"),
            Training(style, id="training"),
            Past(open_history, cards, style, id="past"),
            initial="findings",
        )

    def compose(self) -> ComposeResult:
        yield self._header
        yield self._switcher
        yield Static(KEYS, id="keys", markup=False)

    def on_mount(self) -> None:
        self.set_class(not self._style.unicode, "ascii")
        self._pane("findings").take_focus()
        self.set_interval(PAINT_SECONDS, self.paint)
        self.call_after_refresh(self.paint)

    def paint(self) -> None:
        """Bring the screen up to date with the feed."""
        if not self.is_mounted or not self.is_attached:
            return
        view = self._feed.view()
        self._header.show(view, list(PANES).index(self._current))
        if view.report is not None and view.version != self._painted:
            self._painted = view.version
            with self.app.batch_update():
                for pane in PANES:
                    self._pane(pane).show(view.report)

    def action_pane(self, pane: str) -> None:
        """Go to a pane."""
        self._switcher.current = pane
        self._pane(pane).take_focus()
        self.paint()

    def action_back(self) -> None:
        """Undo one step in this pane, else go to the findings."""
        if not self._pane(self._current).back():
            self.action_pane("findings")

    def action_refresh(self) -> None:
        """Run the checks now."""
        self._feed.refresh()

    def action_help(self) -> None:
        """Show the keys."""
        self.app.push_screen(Help())

    @property
    def _current(self) -> str:
        return self._switcher.current or "findings"

    def _pane(self, pane: str) -> Pane:
        found = self._switcher.get_child_by_id(pane)
        assert isinstance(found, Findings | Machine | Training | Past)
        return found

    def on_resize(self) -> None:
        self.paint()
