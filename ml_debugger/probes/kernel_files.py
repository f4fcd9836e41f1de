"""Small files of /proc and /sys: missing ones and odd contents are ordinary."""

from __future__ import annotations

from pathlib import Path

MAX_BYTES = 1 << 20


def text_of(file: Path) -> str | None:
    """The text of a file, None where it cannot be read: no kernel has every file."""
    try:
        with file.open("rb") as stream:
            return stream.read(MAX_BYTES).decode("utf-8", "replace")
    except OSError:
        return None


def number(file: Path) -> int | None:
    """A whole number; None for "max" and for a missing file."""
    return whole((text_of(file) or "").strip())


def whole(text: str) -> int | None:
    """A whole number of at most 19 digits; None for any other text."""
    digits = text.removeprefix("-")
    return int(text) if digits.isascii() and digits.isdigit() and len(digits) < 20 else None


def counters(file: Path) -> dict[str, int]:
    """The counters of a file with a name and a number on each line."""
    pairs = (line.split() for line in (text_of(file) or "").splitlines())
    found = {pair[0]: whole(pair[1]) for pair in pairs if len(pair) == 2}
    return {name: value for name, value in found.items() if value is not None}


def kibibytes(file: Path) -> dict[str, int]:
    """The bytes of a file whose lines are `Name:   12 kB`, as /proc/meminfo has them."""
    found = {}
    for line in (text_of(file) or "").splitlines():
        name, _, rest = line.partition(":")
        words = rest.split()
        value = whole(words[0]) if len(words) == 2 and words[1] == "kB" else None
        if value is not None:
            found[name] = value * 1024
    return found
