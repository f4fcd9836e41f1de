"""Source code that prepares data or trains, as text: it is read, never executed."""

from __future__ import annotations

from dataclasses import dataclass

from ml_debugger.artifacts.base import Artifact


@dataclass(frozen=True, slots=True)
class SourceCell:
    """A stretch of Python that is parsed as one.

    `number` is the position among all cells of a notebook, from 1; None for a plain file.
    Lines keep their numbers: what is no Python (magics, shell lines) is replaced in place.
    """

    number: int | None
    text: str


@dataclass(frozen=True, eq=False)
class SourceFile(Artifact):
    """A Python file or a notebook that works on data.

    `problem` says why it was not read (too large), None for what was. Whether a cell parses as
    Python 3 is for those to find out who parse it.
    """

    format: str
    cells: tuple[SourceCell, ...]
    problem: str | None = None
