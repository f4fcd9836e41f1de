"""What a reader is: one file format, recognised by content, turned into artifacts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from ml_debugger.artifacts import Artifact
from ml_debugger.readers.head import Head


@dataclass(frozen=True, slots=True)
class Reading:
    """What one file yielded. `problem` says what could not be read, at `line` if known.

    `lost` says by file why a file of a folder was left out whole. `content` says what the file is
    where that yields no artifact.
    """

    artifacts: Sequence[Artifact]
    problem: str | None = None
    line: int | None = None
    lost: Mapping[str, str] = field(default_factory=dict)
    content: str | None = None


@dataclass(frozen=True, slots=True)
class Reader:
    """One file format.

    `recognise` looks at the head and returns the format's name, or None. `read` is given the head
    and that name and turns the file into artifacts; it reports damage as `Reading.problem` beside
    what is still sound, and raises `Unreadable` when nothing is. It must be bounded in memory and
    never execute what it reads. `suffixes` are the endings by which a file claims to be of this
    kind: a file that claims it but is nothing that any reader recognises is unreadable.
    """

    name: str
    recognise: Callable[[Head], str | None]
    read: Callable[[Head, str], Reading]
    suffixes: tuple[str, ...] = field(default=())


class Unreadable(Exception):
    """Nothing in the file could be read; the text says why, for a person."""

    def __init__(self, problem: str, line: int | None = None) -> None:
        super().__init__(problem)
        self.problem = problem
        self.line = line
