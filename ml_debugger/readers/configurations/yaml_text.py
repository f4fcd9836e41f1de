"""YAML as data: mappings, lists and plain words, built from the events of the parser.

No tag constructs anything: what is marked as a Python object is read as the mapping, list or
text that stands there. Aliases share what they name. Size, nesting, nodes and aliases are
bounded, since a kilobyte of aliases can stand for a terabyte.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ml_debugger.readers.configurations.flattening import scalar
from ml_debugger.readers.reader import Unreadable

if TYPE_CHECKING:
    import yaml

MAX_NODES = 100_000
MAX_ALIASES = 1_000
MAX_DEPTH = 100


def parse(text: str) -> tuple[Any, int | None]:
    """The first document of a text, and the line where it stops being YAML, None if it is whole.

    What stands before that line is kept. Raises Unreadable for documents beyond the bounds.
    """
    builder = _Builder()
    for event, line in _events(text):
        if event is None:
            return builder.document, line
        if builder.take(event):
            break
    return builder.document, None


def _events(text: str) -> Iterator[tuple[yaml.Event | None, int | None]]:
    import yaml

    # the parser written in C is twenty times as fast; it does not build anything by itself
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        for event in yaml.parse(text, Loader=loader):
            yield event, None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        yield None, mark.line + 1 if mark is not None else 1
    except (yaml.YAMLError, ValueError, RecursionError):
        yield None, 1


class _Builder:
    """Puts events together."""

    def __init__(self) -> None:
        self.document: Any = None
        self._open: list[Any] = []
        self._keys: list[Any] = []
        self._anchors: dict[str, Any] = {}
        self._nodes = 0
        self._aliases = 0

    def take(self, event: yaml.Event) -> bool:
        """One event; true after the end of the first document."""
        import yaml

        match event:
            case yaml.AliasEvent():
                self._aliases += 1
                if self._aliases > MAX_ALIASES:
                    raise Unreadable(f"has more than {MAX_ALIASES:,} aliases and is not read")
                self._add(self._anchors.get(str(event.anchor)))
            case yaml.ScalarEvent():
                plain = not event.style and event.tag is None
                self._node(event, scalar(event.value) if plain else event.value)
            case yaml.MappingStartEvent():
                self._begin(event, {})
            case yaml.SequenceStartEvent():
                self._begin(event, [])
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                self._open.pop()
                self._keys.pop()
            case yaml.DocumentEndEvent():
                return True
        return False

    def _begin(self, event: Any, container: Any) -> None:
        if len(self._open) >= MAX_DEPTH:
            raise Unreadable(f"is nested deeper than {MAX_DEPTH} levels and is not read")
        self._node(event, container)
        self._open.append(container)
        self._keys.append(_NO_KEY)

    def _node(self, event: Any, value: Any) -> None:
        self._nodes += 1
        if self._nodes > MAX_NODES:
            raise Unreadable(f"has more than {MAX_NODES:,} values and is not read")
        if event.anchor is not None:
            self._anchors[event.anchor] = value
        self._add(value)

    def _add(self, value: Any) -> None:
        if not self._open:
            self.document = value
        elif isinstance(self._open[-1], list):
            self._open[-1].append(value)
        elif self._keys[-1] is _NO_KEY:
            self._keys[-1] = value if isinstance(value, str | int | float | bool) else str(value)
        else:
            self._open[-1][self._keys[-1]] = value
            self._keys[-1] = _NO_KEY


_NO_KEY = object()
