"""One line at the bottom of the terminal, below the output of a command that scrolls above it."""

from __future__ import annotations

import re
from collections.abc import Callable

LEAST_ROWS = 5

_UNFINISHED = re.compile(rb"\x1b(?:\[[0-9;?]*|\][^\x07\x1b]*|)$")
_FULL_SCREEN = re.compile(rb"\x1b\[\?(?:1049|47)([hl])")


class StatusLine:
    """Draws with a scroll region, so that no byte of the command's output is changed.

    `write` puts text on the terminal. Nothing is drawn within a control sequence of the command
    or while it has taken the whole screen.
    """

    def __init__(self, write: Callable[[str], None], rows: int, columns: int) -> None:
        self._write = write
        self._rows, self._columns = rows, columns
        self._text = ""
        self._within = False
        self._full_screen = False
        self.at_line_start = True
        write("\n")
        self._region()
        write("\x1b[1A")

    def seen(self, data: bytes) -> None:
        """Note what the command printed."""
        for found in _FULL_SCREEN.finditer(data):
            self._full_screen = found.group(1) == b"h"
        self._within = _UNFINISHED.search(data[-80:]) is not None
        self.at_line_start = data.endswith((b"\n", b"\r\n"))

    def show(self, text: str) -> None:
        """Draw the line anew where it has changed."""
        if text != self._text and not self._within and not self._full_screen:
            self._text = text
            cut = text[: self._columns - 1]
            self._write(f"\x1b7\x1b[{self._rows};1H\x1b[2K\x1b[7m{cut}\x1b[0m\x1b8")

    def above(self, text: str) -> None:
        """Print a line between the command's lines."""
        start = "" if self.at_line_start else "\n"
        self._write(f"{start}{text}\n")
        self.at_line_start = True

    def resize(self, rows: int, columns: int) -> None:
        """Take the terminal's new size."""
        self._rows, self._columns, self._text = rows, columns, ""
        self._region()

    def close(self) -> None:
        """Give the bottom line back."""
        self._write(f"\x1b7\x1b[1;{self._rows}r\x1b[{self._rows};1H\x1b[2K\x1b8")
        if not self.at_line_start:
            self._write("\n")

    def _region(self) -> None:
        self._write(f"\x1b7\x1b[1;{self._rows - 1}r\x1b8")
