"""What a window shows that is too small for the screens."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.geometry import Size
from textual.screen import ModalScreen
from textual.widgets import Static

LEAST = Size(60, 15)


class TooSmall(ModalScreen[None]):
    """Takes no key but the application's own `q`."""

    def compose(self) -> ComposeResult:
        yield Static(f"too small: {LEAST.width}x{LEAST.height} is needed\nq leaves", markup=False)
