"""A text that scrolls, with the keys of vi beside the arrows."""

from __future__ import annotations

from typing import ClassVar

from rich.console import RenderableType
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widgets import Static


class Reading(VerticalScroll, can_focus=True):
    """A scrolling text that is repainted only when it says something else."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j", "scroll_down", show=False),
        Binding("k", "scroll_up", show=False),
        Binding("g", "scroll_home", show=False),
        Binding("G", "scroll_end", show=False),
    ]

    _said: object = None

    def compose(self) -> ComposeResult:
        yield Static(markup=False)

    def say(self, content: RenderableType, key: object) -> None:
        """Show a content; the same `key` as before means that nothing has changed."""
        if key != self._said:
            self._said = key
            self.query_one(Static).update(content)
