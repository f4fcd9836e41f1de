"""How checks of prices put a count into words."""

from __future__ import annotations


def plural(count: int, noun: str) -> str:
    """A count with its noun: `1 bar`, `1,204 bars`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
