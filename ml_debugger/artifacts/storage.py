"""The file systems that a workspace lies on."""

from __future__ import annotations

from dataclasses import dataclass

from ml_debugger.artifacts.base import Artifact


@dataclass(frozen=True, slots=True)
class VolumeSample:
    """Free bytes of a volume at a time of the past, UTC, ISO 8601."""

    taken: str
    free: int


@dataclass(frozen=True, slots=True)
class Volume:
    """One mounted file system or one path on it. Bytes; None where it gave no answer.

    `holds` are the paths that were asked about; a network mount that holds none of them is
    listed because it may hang. `error` is the name of the error behind `problem` ("ESTALE"),
    "ETIMEDOUT" where no answer came in time. `turned_read_only` is true where the mount allows
    writing and the file system below it does not: so a kernel leaves it after errors.
    `reads_recorded` is false where the mount keeps no times of reading (noatime).
    `network` is true for file systems of another machine.

    `fate` is "kept" or "lost" for what stands on it when the pod or container is gone, None
    where nothing tells; `fate_reason` says why. `write` is what became of a real write of
    `write_bytes`: "done", "no space", "quota", "read-only", "denied", "late" or "failed", None
    where none was tried; `write_rates` are bytes a second, one a try. `past` are samples of
    earlier runs, the oldest first.
    """

    mount: str
    device: str | None = None
    kind: str | None = None
    total: int | None = None
    free: int | None = None
    writable: bool | None = None
    problem: str | None = None
    holds: tuple[str, ...] = ()
    error: str | None = None
    inodes_total: int | None = None
    inodes_free: int | None = None
    network: bool = False
    turned_read_only: bool = False
    reads_recorded: bool | None = None
    fate: str | None = None
    fate_reason: str | None = None
    write: str | None = None
    write_problem: str | None = None
    write_bytes: int | None = None
    write_rates: tuple[float, ...] = ()
    past: tuple[VolumeSample, ...] = ()


@dataclass(frozen=True, slots=True)
class Leftovers:
    """Files below a folder that unfinished writings left more than a day ago.

    `size` is in bytes on the disk, `oldest` in days since the last change.
    """

    folder: str
    files: int
    size: int
    oldest: float
    largest: str | None = None


@dataclass(frozen=True, slots=True)
class LargeFile:
    """A large file: bytes on the disk, days since it was last read and written.

    `unread` is None where the mount keeps no times of reading.
    """

    file: str
    size: int
    unwritten: float
    unread: float | None = None


@dataclass(frozen=True, eq=False)
class StorageSnapshot(Artifact):
    """The file systems that the workspace, the temporary folder and the home lie on.

    `workspace` are the workspace's own paths, its root first, `temporary` the folders for
    temporary files. `leftovers` has an entry for each folder that was walked, also where nothing
    was found; None where nobody walked, as for `large`. `cut_short` says where a walk ended early.
    `passing` names what this machine is made for and deleted after (a CI job), None otherwise.
    """

    volumes: tuple[Volume, ...]
    taken: str | None = None
    workspace: tuple[str, ...] = ()
    temporary: tuple[str, ...] = ()
    leftovers: tuple[Leftovers, ...] | None = None
    large: tuple[LargeFile, ...] | None = None
    cut_short: tuple[str, ...] = ()
    passing: str | None = None

    @property
    def own(self) -> list[Volume]:
        """The volumes that hold a path that was asked about."""
        return [volume for volume in self.volumes if volume.holds]

    def below(self, volume: Volume) -> list[str]:
        """The workspace's paths and temporary folders on a volume: what must be written."""
        return [p for p in volume.holds if p in self.workspace or p in self.temporary]

    def shown(self, path: str) -> str:
        """A path relative to the root of the workspace where it lies below it."""
        root = self.workspace[0].rstrip("/") if self.workspace else ""
        if root and path == root:
            return "."
        return path.removeprefix(f"{root}/") if root else path
