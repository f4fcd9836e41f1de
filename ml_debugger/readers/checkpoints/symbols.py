"""What stands on the stack while a pickle is read without building it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Global:
    """A name that the pickle would import."""

    module: str
    name: str

    def __str__(self) -> str:
        return f"{self.module}.{self.name}"


@dataclass(slots=True, eq=False)
class Instance:
    """What a call would give: the callee, its arguments, and the state set on it afterwards.

    `held` is what stands behind it in the file: the bytes of a small array, the items of others.
    """

    callee: Any
    arguments: Any
    state: Any = None
    items: dict[Any, Any] = field(default_factory=dict)
    held: Any = None


@dataclass(frozen=True, slots=True, eq=False)
class Persistent:
    """An object that is stored outside the pickle, by its identifier."""

    identifier: Any


class Unknown:
    """A value that was not followed."""


UNKNOWN = Unknown()


@dataclass(slots=True)
class Program:
    """What one pickle says. `complete` is false when it was longer than was looked at."""

    value: Any
    globals: list[Global]
    complete: bool
