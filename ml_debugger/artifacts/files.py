"""Files that yielded nothing, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ml_debugger.artifacts.base import Artifact


@dataclass(frozen=True, eq=False)
class FileRead(Artifact):
    """The outcome of reading one file: every regular file that a reader took has one.

    `format` is what the content is, or what the name claims. `problem` says what could not be
    read ("truncated after row 812", "zero bytes"), None when all of it was. `salvaged` tells
    whether something sound was still read. Of a folder that is one artifact, `lost` says by file
    why it was left out whole.
    """

    format: str
    problem: str | None = None
    salvaged: bool = False
    line: int | None = None
    lost: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Unrecognised(Artifact):
    """A file that no reader knows, or that is none (a FIFO, a folder without permission).

    `content` says what it is. `named` is true when the user named it, not just its folder.
    `special` marks what could not be opened at all.
    """

    content: str
    named: bool
    special: bool = False
