"""From nested settings to dotted keys with plain values, in bounded work."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Plain = bool | int | float | str | None

MAX_VALUES = 2_000
MAX_DEPTH = 20
_MAX_TEXT = 500
_MERGE = "<<"
_NUMBER = re.compile(
    r"[-+]?(?:(?:\d{1,300}(?:\.\d{0,300})?|\.\d{1,300})(?:e[-+]?\d{1,4})?|\.?(?:nan|inf))",
    re.IGNORECASE | re.ASCII,
)


def flatten(document: Mapping[Any, Any]) -> dict[str, Plain]:
    """Dotted keys with their values; lists become text, long texts are cut.

    At most MAX_VALUES entries from MAX_DEPTH levels are looked at, so that documents whose
    aliases grow without end cost nothing.
    """
    values: dict[str, Plain] = {}
    walk = _Walk()
    for key, value in walk.leaves(document, "", 0):
        values.setdefault(key, value)
    return values


class _Walk:
    def __init__(self) -> None:
        self._left = MAX_VALUES

    def leaves(
        self, node: Mapping[Any, Any], prefix: str, depth: int
    ) -> Iterator[tuple[str, Plain]]:
        """The entries below a mapping; those that it merges come after its own."""
        merged: list[Mapping[Any, Any]] = []
        for key, value in node.items():
            self._left -= 1
            if self._left < 0:
                return
            name = f"{prefix}{str(key)[:100]}"
            if key == _MERGE:
                several = value if isinstance(value, list) else [value]
                merged += [other for other in several[:100] if isinstance(other, Mapping)]
            elif not isinstance(value, Mapping):
                yield name, plain(value)
            elif value and depth < MAX_DEPTH:
                yield from self.leaves(value, f"{name}.", depth + 1)
        for other in merged:
            self._left -= 1
            if depth < MAX_DEPTH and self._left > 0:
                yield from self.leaves(other, prefix, depth + 1)


def plain(value: Any) -> Plain:
    """A value as it stands; lists as JSON text, everything else as text."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if abs(value) < 1 << 63 else str(value)[:_MAX_TEXT]
    if isinstance(value, float):
        return value
    if isinstance(value, str):
        return value[:_MAX_TEXT]
    if isinstance(value, Sequence):
        return _listed(value)
    return str(value)[:_MAX_TEXT]


def _listed(values: Sequence[Any]) -> str:
    cells = bool | int | float | str | None
    shown = [value if isinstance(value, cells) else "..." for value in values[:50]]
    return json.dumps([*shown, "..."] if len(values) > len(shown) else shown)[:_MAX_TEXT]


def scalar(text: str) -> Plain:
    """What an unquoted word of a configuration means: a number, a truth, nothing, or a text."""
    word = text.strip()
    if word.lower() in ("", "null", "~", "none"):
        return None
    if word.lower() in ("true", "yes", "on"):
        return True
    if word.lower() in ("false", "no", "off"):
        return False
    if not _NUMBER.fullmatch(word):
        return word[:_MAX_TEXT]
    try:
        return int(word)
    except ValueError:
        return float(word.lower().replace(".nan", "nan").replace(".inf", "inf"))
