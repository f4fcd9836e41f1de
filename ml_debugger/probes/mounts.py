"""The mounts of this process, and which of them a path lies on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

_ESCAPES = {"\\040": " ", "\\011": "\t", "\\012": "\n", "\\134": "\\"}

_NETWORK = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "ceph", "lustre", "beegfs", "gpfs", "glusterfs",
     "afs", "ocfs2", "gfs2", "wekafs", "panfs", "pvfs2", "orangefs", "9p", "virtiofs", "vboxsf"}
)  # fmt: skip
_LOCAL_FUSE = frozenset(
    {"fuse.fuse-overlayfs", "fuse.lxcfs", "fuse.ntfs-3g", "fuseblk", "fuse.gvfsd-fuse",
     "fuse.portal", "fuse.snapfuse", "fuse.squashfuse", "fuse.mergerfs", "fuse.unionfs"}
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Mount:
    """A line of mountinfo.

    `root` is the folder of the file system that is mounted; `options` are those of this mount,
    `own_options` those of the file system itself.
    """

    point: str
    device: str
    kind: str
    root: str = "/"
    options: frozenset[str] = frozenset()
    own_options: frozenset[str] = frozenset()

    @property
    def is_network(self) -> bool:
        """Whether another machine, or a process, must answer for it."""
        fuse = self.kind == "fuse" or self.kind.startswith("fuse.")
        return self.kind in _NETWORK or (fuse and self.kind not in _LOCAL_FUSE)

    @property
    def turned_read_only(self) -> bool:
        """Whether the mount allows writing and the file system does not.

        So it is after `errors=remount-ro`, see ext4(5) and "emergency_ro" of Linux 6.12.
        """
        asked = "rw" in self.options and "ro" in self.own_options
        return asked or "emergency_ro" in self.own_options


def read_mounts(text: str) -> list[Mount]:
    """Parse `/proc/self/mountinfo` (proc(5)); a later line covers an earlier one."""
    mounts = []
    for line in text.splitlines():
        left, dash, right = line.partition(" - ")
        fields, kinds = left.split(), right.split()
        if dash and len(fields) >= 5 and len(kinds) >= 2:
            mounts.append(
                Mount(
                    _unescaped(fields[4]),
                    _unescaped(kinds[1]),
                    kinds[0],
                    _unescaped(fields[3]),
                    frozenset(fields[5].split(",")) if len(fields) > 5 else frozenset(),
                    frozenset(kinds[2].split(",")) if len(kinds) > 2 else frozenset(),
                )
            )
    return mounts


def mount_of(path: str, mounts: Sequence[Mount]) -> Mount:
    """The mount that a path lies on: the longest mount point above it, the latest of equals."""
    best = Mount("/", "unknown", "unknown")
    for mount in mounts:
        above = mount.point.rstrip("/") + "/"
        if (path + "/").startswith(above) and len(mount.point) >= len(best.point):
            best = mount
    return best


def _unescaped(text: str) -> str:
    for escape, character in _ESCAPES.items():
        text = text.replace(escape, character)
    return text
