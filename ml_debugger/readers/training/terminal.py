"""Text that was written for a terminal: without the sequences that steer it."""

from __future__ import annotations

import re

_ANSI = re.compile(r"\x1b(?:\[[0-9;?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")


def plain(text: str) -> str:
    """Text without terminal control sequences and with backspaces as carriage returns."""
    if "\x1b" in text:
        text = _ANSI.sub("", text)
    return re.sub("\b+", "\r", text) if "\b" in text else text
