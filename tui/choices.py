"""A list to choose from, with the keys of vi beside the arrows, that keeps its place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.widgets import OptionList
from textual.widgets.option_list import Option


class Choices(OptionList):
    """An option list whose lines are replaced without losing the highlighted one."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j", "cursor_down", show=False),
        Binding("k", "cursor_up", show=False),
        Binding("g", "first", show=False),
        Binding("G", "last", show=False),
    ]

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id, markup=False, compact=True)
        self._shown: list[tuple[str, Text]] = []

    def replace(self, lines: Sequence[tuple[str, Text]]) -> None:
        """Show other lines, each with its key; nothing is repainted when they are the same."""
        if list(lines) == self._shown:
            return
        self._shown = list(lines)
        before = self.highlighted_option
        place, key = self.highlighted or 0, None if before is None else before.id
        keys = [own for own, _ in lines]
        with self.app.batch_update():
            self.clear_options()
            self.add_options(Option(text, id=own) for own, text in lines)
            if keys:
                # what was chosen is gone: stay near where it was
                self.highlighted = keys.index(key) if key in keys else min(place, len(keys) - 1)
