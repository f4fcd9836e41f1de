"""Probe of the host: memory and CPUs as this process may use them, cgroup limits included.

Files: `Documentation/admin-guide/cgroup-v2.rst` and `cgroup-v1/memory.rst` of the Linux kernel.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ml_debugger.artifacts import HostSnapshot
from ml_debugger.probes.child import answer, now

_CGROUPS = Path("sys/fs/cgroup")


@dataclass(frozen=True, slots=True)
class MemoryLimit:
    """A cgroup's limit and use in bytes; droppable page cache is left out of the use."""

    limit: int
    used: int
    source: str


def memory_limits(root: Path = Path("/")) -> Iterator[MemoryLimit]:
    """The limits of this process's cgroup and all of its ancestors, of both versions."""
    for folder in _folders(root, "", _CGROUPS):
        limit = _number(folder / "memory.max")
        used = _number(folder / "memory.current")
        if limit is not None and used is not None:
            cache = _stat(folder / "memory.stat").get("inactive_file", 0)
            yield _limit(root, folder / "memory.max", limit, used - cache)
    for folder in _folders(root, "memory", _CGROUPS / "memory"):
        limit = _number(folder / "memory.limit_in_bytes")
        used = _number(folder / "memory.usage_in_bytes")
        if limit is not None and used is not None:
            cache = _stat(folder / "memory.stat").get("total_inactive_file", 0)
            yield _limit(root, folder / "memory.limit_in_bytes", limit, used - cache)


def cpu_quota(root: Path = Path("/")) -> float | None:
    """The smallest number of CPUs that a quota of the cgroup or an ancestor leaves."""
    quotas = []
    for folder in _folders(root, "", _CGROUPS):
        words = (_text(folder / "cpu.max") or "").split()
        if len(words) == 2 and words[0].isdigit():
            quotas.append(int(words[0]) / int(words[1]))
    for folder in _folders(root, "cpu", _CGROUPS / "cpu"):
        quota = _number(folder / "cpu.cfs_quota_us")
        period = _number(folder / "cpu.cfs_period_us")
        if quota is not None and period and quota > 0:
            quotas.append(quota / period)
    return min(quotas, default=None)


def take_snapshot(root: Path, *, host_total: int, host_available: int) -> HostSnapshot:
    """Read the limits; one that exceeds the machine's memory limits nothing."""
    limits = [limit for limit in memory_limits(root) if limit.limit < host_total]
    tightest = min(limits, key=lambda limit: limit.limit, default=None)
    return HostSnapshot(
        subject="host",
        path=None,
        hostname=socket.gethostname(),
        cpus=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else _cpus(),
        cpu_quota=cpu_quota(root),
        memory_limit=tightest.limit if tightest else None,
        memory_used=tightest.used if tightest else host_total - host_available,
        host_memory_total=host_total,
        host_memory_available=host_available,
        limit_source=tightest.source if tightest else None,
        taken=now(),
    )


def _cpus() -> int:
    return os.cpu_count() or 1


def _folders(root: Path, controller: str, mount: Path) -> Iterator[Path]:
    """The cgroup's folder and its ancestors up to the mount.

    A container without a cgroup namespace sees the host's path, which does not exist below
    its own mount; the mount itself is its cgroup then.
    """
    below = _cgroup_path(root, controller)
    if below is None:
        return
    top = root / mount
    folder = top / below.lstrip("/")
    if ".." in Path(below).parts or not folder.is_dir():
        folder = top
    while folder != top:
        yield folder
        folder = folder.parent
    yield top


def _cgroup_path(root: Path, controller: str) -> str | None:
    for line in (_text(root / "proc/self/cgroup") or "").splitlines():
        number, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        named = controller in controllers.split(",")
        if named and (controller or number == "0"):
            return path
    return None


def _limit(root: Path, file: Path, limit: int, used: int) -> MemoryLimit:
    return MemoryLimit(limit, max(0, used), f"/{file.relative_to(root)}")


def _text(file: Path) -> str | None:
    try:
        return file.read_text()
    except OSError:
        # not every level and every kernel has every file
        return None


def _number(file: Path) -> int | None:
    """A whole number; None for "max" and for a missing file."""
    text = (_text(file) or "").strip()
    return int(text) if text.lstrip("-").isdigit() else None


def _stat(file: Path) -> dict[str, int]:
    pairs = (line.split() for line in (_text(file) or "").splitlines())
    return {pair[0]: int(pair[1]) for pair in pairs if len(pair) == 2 and pair[1].isdigit()}


def main() -> None:
    """Take the snapshot of this machine and print it."""
    import psutil

    memory = psutil.virtual_memory()
    answer(take_snapshot(Path("/"), host_total=memory.total, host_available=memory.available))


if __name__ == "__main__":
    main()
