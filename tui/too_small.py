"""What a window shows that is too small for the screens."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.screen import ModalScreen
from textual.widgets import Static

LEAST = Size(60, 15)


class TooSmall(ModalScreen[None]):
    """Takes no key but `q`."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("q", "app.quit", show=False)]

    def compose(self) -> ComposeResult:
        yield Static(f"too small: {LEAST.width}x{LEAST.height} is needed\nq leaves", markup=False)
