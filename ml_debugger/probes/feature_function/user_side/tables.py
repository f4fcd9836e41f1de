"""What tables of both kinds have in common."""

from __future__ import annotations

from typing import Any

MISSING = "<missing>"
LONGEST_TEXT = 100
KEYS = ("ticker", "date")


def joined(name: Any) -> str:
    """A column name of one or several levels as text."""
    return (
        "_".join(str(part) for part in name if part != "") if isinstance(name, tuple) else str(name)
    )


def said_of(result: Any) -> str:
    """What was returned instead of a table."""
    return "nothing" if result is None else f"a {type(result).__module__}.{type(result).__name__}"


def missing_key(name: str, columns: list[str]) -> str:
    """The complaint about a table without a key."""
    has = ", ".join(columns[:8]) + (" ..." if len(columns) > 8 else "")
    return f"returned a table without the key column '{name}'; it has: {has or 'no column'}"
