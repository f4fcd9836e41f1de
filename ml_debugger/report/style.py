"""How text output looks: width, colour and the character set of the terminal."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass

from ml_debugger.contract import Status

_COLOURS = {
    Status.PASS: "32",
    Status.NOTE: "36",
    Status.WARN: "33",
    Status.FAIL: "1;31",
    Status.SKIP: "2",
    Status.ERROR: "35",
}

WORDS = {
    Status.PASS: "pass",
    Status.NOTE: "note",
    Status.WARN: "WARN",
    Status.FAIL: "FAIL",
    Status.SKIP: "skip",
    Status.ERROR: "ERROR",
}


@dataclass(frozen=True, slots=True)
class Style:
    """Width in columns, and whether colour and characters beyond ASCII may be used."""

    width: int = 80
    colour: bool = False
    unicode: bool = False

    def paint(self, text: str, status: Status) -> str:
        """The text in the colour of a status; the words carry the meaning, colour repeats it."""
        return f"\x1b[{_COLOURS[status]}m{text}\x1b[0m" if self.colour else text

    def bold(self, text: str) -> str:
        """The text in bold."""
        return f"\x1b[1m{text}\x1b[0m" if self.colour else text

    def plain(self, text: str) -> str:
        """The text with control characters shown, and in ASCII where nothing else may be used."""
        shown = "".join(c if c.isprintable() or c == "\n" else repr(c)[1:-1] for c in text)
        if self.unicode:
            return shown
        return shown.translate(_TO_ASCII).encode("ascii", "backslashreplace").decode("ascii")

    def wrap(self, text: str, indent: str = "") -> list[str]:
        """Lines of plain text at most as wide as the output; none for an empty text."""
        return textwrap.wrap(
            self.plain(text), self.width, subsequent_indent=indent, break_on_hyphens=False
        )


_TO_ASCII = str.maketrans(
    {"–": "-", "—": "-", "−": "-", "×": "x", "…": "...", "≥": ">=", "≤": "<=", "→": "->"}
    | {"“": '"', "”": '"', "’": "'", "·": "-", "±": "+-", "²": "^2", "°": " deg "}
)
