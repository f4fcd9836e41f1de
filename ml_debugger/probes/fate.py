"""Whether what lies on a mount is still there when the pod or container is gone.

Facts: docs.runpod.io, "Storage options" (container disk is lost on stop, /workspace is a
volume); Kubernetes documentation, "Volumes" (emptyDir) and kubelet's folder layout; Docker
documentation, "Storage drivers" and "Volumes"; Google Colab FAQ (virtual machines are deleted);
docs.vast.ai, "Storage" (kept by a stopped instance, deleted with a destroyed one); AWS EC2 user
guide, "Instance store temporary block storage" (lost on stop); proc_pid_mountinfo(5).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ml_debugger.probes.mounts import Mount

Fate = tuple[str | None, str]
"""`Volume.fate` and `Volume.fate_reason`."""

_MEMORY = frozenset({"tmpfs", "ramfs", "hugetlbfs"})
_LAYERS = frozenset({"overlay", "aufs", "fuse.fuse-overlayfs"})
_DISKS = frozenset(
    {"ext2", "ext3", "ext4", "xfs", "btrfs", "zfs", "f2fs", "jfs", "reiserfs", "bcachefs",
     "apfs", "ntfs", "ntfs3", "fuseblk", "exfat", "vfat"}
)  # fmt: skip
_KUBERNETES = re.compile(r"/kubernetes\.io~([\w.-]+)/")
_ANONYMOUS = re.compile(r"/volumes/[0-9a-f]{64}/_data")
_OF_CONTAINERS = re.compile(r"docker|kubepods|containerd|libpod|/containers/storage|/lxc/")
_INSTANCE_STORE = "Amazon EC2 NVMe Instance Storage"


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Where this process runs: in a container or not, at which service, for a passing job."""

    container: bool = False
    service: str | None = None
    passing: str | None = None

    @classmethod
    def of(
        cls, environment: Mapping[str, str], mounts: Sequence[Mount], root: Path = Path("/")
    ) -> Surroundings:
        """What files, mounts and variables say."""
        service = next((name for key, name in _SERVICES.items() if key in environment), None)
        container = (
            service in ("RunPod", "Vast.ai", "Kubernetes")
            or bool(environment.get("container"))
            or any((root / sign).exists() for sign in (".dockerenv", "run/.containerenv"))
            or any(_OF_CONTAINERS.search(",".join(m.own_options)) for m in mounts[:64])
            or _OF_CONTAINERS.search(_text(root / "proc/1/cgroup")) is not None
        )
        ci = environment.get("CI", "").lower() not in ("", "0", "false")
        return cls(container, service, "a CI job" if ci else None)


_SERVICES = {
    "RUNPOD_POD_ID": "RunPod",
    "VAST_CONTAINERLABEL": "Vast.ai",
    "COLAB_RELEASE_TAG": "Google Colab",
    "KUBERNETES_SERVICE_HOST": "Kubernetes",
}


def fate_of(mount: Mount, where: Surroundings, root: Path = Path("/")) -> Fate:
    """What becomes of a mount, and how that is known; None where it is not."""
    if mount.kind in _MEMORY:
        return "lost", "lies in memory: lost at a restart"
    claimed = _KUBERNETES.search(mount.root)
    if claimed is not None:
        if claimed[1] == "empty-dir":
            return "lost", "an emptyDir of Kubernetes: deleted with the pod"
        return "kept", f"a volume of Kubernetes ({claimed[1]})"
    if where.service == "Google Colab" and not mount.is_network:
        return "lost", "Colab deletes its machine with the runtime"
    if mount.is_network:
        return "kept", f"lies outside this machine ({mount.kind})"
    if mount.kind in _LAYERS:
        return _of_layer(where)
    if _model(mount, root) == _INSTANCE_STORE:
        return "lost", "an instance store of AWS: lost when the instance stops"
    if _ANONYMOUS.search(mount.root):
        return None, "an anonymous volume of Docker: whoever removes the container decides"
    if where.container and mount.point == "/":
        return None, f"the root of a container on {mount.kind}: nothing tells how long it stays"
    if where.container:
        service = f" of {where.service}" if where.service else ""
        return "kept", f"a volume{service} from outside the container"
    if mount.kind in _DISKS:
        return "kept", "a disk of this machine, kept as long as the machine"
    return None, f"nothing tells how long a file system of kind {mount.kind} stays"


def _of_layer(where: Surroundings) -> Fate:
    if where.service == "RunPod":
        return "lost", "the container's own disk: lost when the pod stops (RunPod)"
    if where.service == "Vast.ai":
        return None, "kept while the instance is stopped, lost when it is destroyed (Vast.ai)"
    if where.container:
        return "lost", "the container's own layer: lost when the container is removed"
    return None, "an overlay, and no sign of a container: nothing tells where it is kept"


def _model(mount: Mount, root: Path) -> str | None:
    """The model of the disk that a device file such as /dev/nvme1n1p1 belongs to."""
    if not mount.device.startswith("/dev/"):
        return None
    device = root / "sys/class/block" / Path(mount.device).name
    # a partition lies below its disk
    for folder in (device / "device", device / ".." / "device"):
        text = _text(folder / "model").strip()
        if text:
            return text
    return None


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        # not every kernel and device has every file
        return ""
