"""One call in the source with its evaluated parts, and the table of those that have a meaning."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from checks.leakage.source_rules.values import NOTHING, UNKNOWN, Value, joined

if TYPE_CHECKING:
    from checks.leakage.source_rules.interpreter import Run


@dataclass(frozen=True)
class Call:
    """A call: `name` is the last word of what is called, `module` what stands before it.

    `receiver` is the value on which a method is called, None for functions.
    """

    node: ast.Call
    name: str
    module: str
    receiver: Value | None
    args: tuple[Value, ...]
    keywords: dict[str, Value]

    @property
    def line(self) -> int:
        """The line of the called name: in a chain of methods it is not that of the beginning."""
        return self.node.func.end_lineno or self.node.lineno

    @property
    def on(self) -> Value:
        """The receiver of a method."""
        return self.receiver if self.receiver is not None else NOTHING

    def given(self, position: int, *names: str) -> Value | None:
        """An argument by position or by one of its names."""
        for name in names:
            if name in self.keywords:
                return self.keywords[name]
        return self.args[position] if 0 <= position < len(self.args) else None

    def literal(self, position: int, *names: str, default: Any = None) -> Any:
        """The constant given for an argument; UNKNOWN where it is computed."""
        value = self.given(position, *names)
        return default if value is None else value.literal

    def node_of(self, position: int, *names: str) -> ast.expr | None:
        """The syntax of an argument."""
        for keyword in self.node.keywords:
            if keyword.arg in names:
                return keyword.value
        return self.node.args[position] if 0 <= position < len(self.node.args) else None

    def everything(self) -> Value:
        """What comes out of a call of unknown meaning: it is made of all that went in."""
        values = [*self.args, *self.keywords.values()]
        if self.receiver is not None:
            values.insert(0, self.receiver)
        return joined([v for v in values if not v.known]) if values else NOTHING

    def says(self, name: str, wanted: Any, position: int = -1) -> bool:
        """Whether an argument is this constant."""
        found = self.literal(position, name)
        return found is not UNKNOWN and found is not None and bool(found == wanted)


Handler = Callable[[Call, "Run"], "Value | None"]
"""Gives the value of a call, None where it has no special meaning after all."""

METHODS: dict[str, Handler] = {}
FUNCTIONS: dict[str, Handler] = {}


def method(*names: str) -> Callable[[Handler], Handler]:
    """Register the meaning of a method, whatever the object."""

    def register(handler: Handler) -> Handler:
        METHODS.update(dict.fromkeys(names, handler))
        return handler

    return register


def function(*names: str) -> Callable[[Handler], Handler]:
    """Register the meaning of a library's function or class, by its last word."""

    def register(handler: Handler) -> Handler:
        FUNCTIONS.update(dict.fromkeys(names, handler))
        return handler

    return register
