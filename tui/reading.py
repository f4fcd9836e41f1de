"""A text that scrolls, with the keys of vi beside the arrows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text
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

    def say(self, lines: Sequence[Text] | Sequence[tuple[Text, Text]]) -> None:
        """Show lines, or pairs of a label and a text."""
        if lines != self._said:
            self._said = lines
            self.query_one(Static).update(_drawn(lines))


def _drawn(lines: Sequence[Text] | Sequence[tuple[Text, Text]]) -> RenderableType:
    grid = Table.grid(padding=(0, 1, 0, 0), expand=True)
    for line in lines:
        grid.add_row(*((line,) if isinstance(line, Text) else line))
    if grid.columns[1:]:
        grid.columns[0].no_wrap = True
    if grid.columns:
        grid.columns[-1].ratio = 1
        grid.columns[-1].overflow = "fold"
    return grid
