"""A plan of a repair: what would be moved or rewritten, what stays, and why."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from ml_debugger.errors import DiagnosticError

Write = Callable[[Path, Path], None]
"""Writes a new version of the first file at the second path and proves that it is equal; raises
`RepairError` where it is not."""


class RepairError(DiagnosticError):
    """A step of a repair could not be carried out; the text says which and why."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What a file was when the plan was made: a step is left out once this has changed."""

    size: int
    modified_ns: int

    @classmethod
    def of(cls, path: Path) -> Seen:
        """The state of a file, or of all files below a folder. Raises OSError."""
        files = [path] if not path.is_dir() else [f for f in path.rglob("*") if f.is_file()]
        states = [file.lstat() for file in files]
        return cls(
            sum(state.st_size for state in states),
            max((state.st_mtime_ns for state in states), default=path.lstat().st_mtime_ns),
        )


@dataclass(frozen=True)
class Step:
    """One file or folder: moved to quarantine, or rewritten where `write` says how.

    `freed` is the estimated number of bytes that the step frees in the end.
    """

    path: Path
    why: str
    seen: Seen
    freed: int
    write: Write | None = None


@dataclass(frozen=True)
class Kept:
    """A file that stays, and why."""

    path: Path
    why: str


@dataclass(frozen=True)
class Plan:
    """The steps of one remedy below a folder. `obstacle` says why there are none."""

    remedy: str
    root: Path
    steps: tuple[Step, ...] = ()
    kept: tuple[Kept, ...] = ()
    obstacle: str | None = None
    sources: tuple[str, ...] = field(default=())

    @property
    def freed(self) -> int:
        """Bytes that all steps free together, by estimate."""
        return sum(step.freed for step in self.steps)
