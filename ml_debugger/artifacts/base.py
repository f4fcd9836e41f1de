"""The base of all artifacts: what every typed, read-only value says about its origin."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, eq=False)
class Artifact:
    """A typed, read-only value that checks judge.

    `subject` is the short name that a person recognises it by. `path` is the file it was read
    from, as the user named it or relative to the workspace; None where there is none.
    Artifacts compare by identity, so two files with equal contents stay two subjects.
    """

    subject: str
    path: str | None

    @property
    def folder(self) -> Path | None:
        """The folder that holds its file."""
        return Path(self.path).parent if self.path is not None else None


@dataclass(frozen=True, slots=True)
class Written:
    """When the file of an artifact was made, written last and read, in seconds since 1970.

    `born` is None where the system does not tell. A copy is younger than what it tells of.
    """

    modified: float
    read: float
    born: float | None = None
