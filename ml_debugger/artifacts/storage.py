"""The file systems that a workspace lies on."""

from __future__ import annotations

from dataclasses import dataclass

from ml_debugger.artifacts.base import Artifact


@dataclass(frozen=True, slots=True)
class Volume:
    """One mounted file system or one path on it. Bytes; None where it gave no answer."""

    mount: str
    device: str | None = None
    kind: str | None = None
    total: int | None = None
    free: int | None = None
    writable: bool | None = None
    problem: str | None = None
    holds: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class StorageSnapshot(Artifact):
    """The file systems that the workspace, the temporary folder and the home lie on."""

    volumes: tuple[Volume, ...]
    taken: str | None = None
