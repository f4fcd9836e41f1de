"""Names that are too long for a title."""

from __future__ import annotations


def short_end(name: str, most: int = 40) -> str:
    """The end of a name, at most `most` characters: of a tensor its end tells it apart."""
    return name if len(name) <= most else f"...{name[3 - most :]}"


def short_start(name: str, most: int = 32) -> str:
    """The start of a name, at most `most` characters."""
    return name if len(name) <= most else f"{name[: most - 3]}..."
