"""What stands for data while source is read: where it came from and what happened to it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal

Part = Literal["train", "test"]
PARTS: tuple[Part, Part] = ("train", "test")


class _Unknown:
    """The literal of a value whose contents are not in the source."""


UNKNOWN: Final = _Unknown()
ANYWHERE: Final = "*"
"""Stands for what is not known within a text, as in an f-string."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A trace that stays on all that is made from a value.

    `kind` is the rule that it belongs to, `line` where it happened, `what` the cause as the
    beginning of a sentence. `soft` marks never make more than a warning. `reaches_ahead` marks
    are of single values taken from later rows, `rows` later where that is known; the others mix
    all rows. `call` tells apart what one line of a function does in several calls of it.
    """

    kind: str
    line: int
    what: str
    soft: bool = False
    reaches_ahead: bool = False
    rows: int = 0
    call: int = 0


Marks = frozenset[Mark]
NONE: Final[Marks] = frozenset()
KEPT = frozenset({"reversed", "window", "time"})
"""Traits that stay on what is computed from a value."""


@dataclass(frozen=True, slots=True, eq=False)
class Value:
    """A table, array, number, name or object.

    `origins` are the reads and parameters that it is made from, `part` the part of a split that
    it is. `columns` are the columns added since it was read, in order, with their own marks.
    `traits` say how it is looked at (rolling, grouped, a number, a loop's variable).
    `literal` is the constant that it is, `thing` the function, class or estimator.
    """

    origins: frozenset[int] = frozenset()
    part: Part | None = None
    marks: Marks = NONE
    columns: Mapping[str, Marks] = field(default_factory=dict)
    traits: frozenset[str] = frozenset()
    literal: Any = UNKNOWN
    thing: Any = None

    @property
    def all_marks(self) -> Marks:
        """Marks of the whole and of every added column."""
        return self.marks.union(*self.columns.values()) if self.columns else self.marks

    @property
    def known(self) -> bool:
        """Whether it is a constant of the source."""
        return self.literal is not UNKNOWN

    @property
    def text(self) -> str | None:
        """The constant, where it is a text."""
        return self.literal if isinstance(self.literal, str) else None

    def having(self, *traits: str) -> Value:
        """With more traits."""
        return replace(self, traits=self.traits | frozenset(traits))

    def marked(self, *marks: Mark) -> Value:
        """With more marks."""
        return replace(self, marks=self.marks | frozenset(marks))

    def of_part(self, part: Part | None) -> Value:
        """As a part of a split."""
        return replace(self, part=part)

    def without(self, gone: Iterable[Mark]) -> Value:
        """Without some marks, also in its columns."""
        out = frozenset(gone)
        if not out:
            return self
        columns = {name: marks - out for name, marks in self.columns.items()}
        return replace(self, marks=self.marks - out, columns=columns)

    def flat(self) -> Value:
        """One column or number made of it: what its columns hold is in all of it."""
        if not self.columns:
            return self
        return replace(self, marks=self.all_marks, columns={})


NOTHING: Final = Value()


def constant(literal: Any) -> Value:
    """A constant of the source."""
    return Value(literal=literal)


def joined(values: Iterable[Value]) -> Value:
    """What is made from several values: it comes from all of them."""
    found = list(values)
    if len(found) == 1:
        one = found[0]
        return replace(one, traits=_kept(found), literal=UNKNOWN, thing=None)
    columns: dict[str, Marks] = {}
    for value in found:
        for name, marks in value.columns.items():
            columns[name] = columns.get(name, NONE) | marks
    parts = {v.part for v in found if v.part is not None}
    return Value(
        origins=frozenset().union(*(v.origins for v in found)),
        part=parts.pop() if len(parts) == 1 else None,
        marks=NONE.union(*(v.marks for v in found)),
        columns=columns,
        traits=_kept(found),
    )


def _kept(values: list[Value]) -> frozenset[str]:
    traits: frozenset[str] = frozenset().union(*(v.traits for v in values))
    # a number made of a loop's variable still varies with it; data that were looped over do not
    return traits & (KEPT if any(v.origins for v in values) else KEPT | {"loop"})


def either(one: Value, other: Value) -> Value:
    """What a name holds after two branches."""
    if one is other:
        return one
    both = joined((one, other))
    return replace(
        both,
        part=one.part or other.part,
        traits=one.traits | other.traits,
        literal=one.literal if one.literal == other.literal else UNKNOWN,
        thing=one.thing or other.thing,
    )
