"""Text files that were searched for secrets; what was found is never in them itself."""

from __future__ import annotations

from dataclasses import dataclass

from ml_debugger.artifacts.base import Artifact


@dataclass(frozen=True, slots=True)
class SecretSpot:
    """A secret in a file: what it is, its 1-based line, and its masked form.

    `proven` is true where the issuer's form proves it, false where only its name says so.
    `count` is how often it stands in the file, at `line` first.
    """

    kind: str
    line: int
    masked: str
    proven: bool
    count: int = 1


@dataclass(frozen=True, eq=False)
class SearchedText(Artifact):
    """A text file and the secrets in it.

    `bytes_read` of `size` bytes (unpacked where it is compressed, then `size` is None) were
    searched. `meant` marks a file that is there to hold secrets, by its name (".env",
    "kaggle.json"): that they are in it is no fault. `more` counts spots beyond those kept.
    """

    spots: tuple[SecretSpot, ...]
    bytes_read: int
    size: int | None
    meant: bool = False
    more: int = 0

    @property
    def complete(self) -> bool:
        """Whether all of it was searched."""
        return self.size is not None and self.bytes_read >= self.size
