"""Probe of the host: memory, processors, processes, limits and clock as they hold here.

What changes is read twice, `INTERVAL` apart.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable
from pathlib import Path

from ml_debugger.artifacts.host import HostSnapshot
from ml_debugger.probes import clock, memory, process_limits, processes
from ml_debugger.probes.cgroups import cpu_quota, memory_limits, oom_kills, throttling
from ml_debugger.probes.child import answer, now
from ml_debugger.probes.kernel_files import kibibytes, text_of
from ml_debugger.probes.signs import device_files

INTERVAL = 0.03
"""Seconds between the two readings: enough to tell a process that waits from one that works."""

_CONTAINER_FILES = ("/.dockerenv", "/run/.containerenv", "/run/systemd/container")


def take_snapshot(
    root: Path,
    *,
    host_total: int,
    host_available: int,
    interval: float = INTERVAL,
    sleep: Callable[[float], None] = time.sleep,
) -> HostSnapshot:
    """Read what there is below `root`; a limit above the machine's memory limits nothing."""
    first = memory.traffic(root, time.monotonic())
    walk = processes.walk(root)
    sleep(interval)
    second = memory.traffic(root, time.monotonic())
    own = process_limits.limits()
    uptime = _uptime(root)
    tightest = min(
        (limit for limit in memory_limits(root) if limit.limit < host_total),
        key=lambda limit: limit.limit,
        default=None,
    )
    killed = oom_kills(root)
    shm = memory.shared_memory(root)
    return HostSnapshot(
        subject="host",
        path=None,
        hostname=os.uname().nodename,
        cpus=_usable_cpus(),
        cpu_quota=cpu_quota(root),
        memory_limit=tightest.limit if tightest else None,
        memory_used=tightest.used if tightest else host_total - host_available,
        host_memory_total=host_total,
        host_memory_available=host_available,
        limit_source=tightest.source if tightest else None,
        taken=now(),
        host_cpus=os.cpu_count(),
        container=_container(root),
        oom_kills=killed.value if killed else None,
        oom_source=killed.source if killed else None,
        machine_oom_kills=memory.machine_oom_kills(root),
        pressure=memory.pressure(root),
        swap=memory.swap(root, first, second),
        throttling=throttling(root, processes.age(walk, uptime)),
        shm_size=shm[0] if shm else None,
        shm_used=shm[1] if shm else None,
        gpus=len(device_files(root)),
        rdma=len(list((root / "dev/infiniband").glob("uverbs*"))),
        processes=processes.examine(
            root,
            walk,
            uptime=uptime,
            user=os.getuid() if hasattr(os, "getuid") else -1,
            nproc=own.processes if own else None,
        ),
        clock=clock.read(root, {one.name for one in walk.seen.values()}),
        limits=own,
        text=process_limits.text_settings(),
    )


def _usable_cpus() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _uptime(root: Path) -> float | None:
    words = (text_of(root / "proc/uptime") or "").split()
    try:
        seconds = float(words[0]) if words else math.nan
    except ValueError:
        return None
    return seconds if math.isfinite(seconds) else None


def _container(root: Path) -> str | None:
    """What speaks for a container: a mark of Docker, Podman or systemd, or the groups' names."""
    for name in _CONTAINER_FILES:
        if (root / name.lstrip("/")).exists():
            return name
    groups = text_of(root / "proc/self/cgroup") or ""
    found = next((w for w in ("kubepods", "docker", "containerd", "lxc") if w in groups), None)
    return f"/proc/self/cgroup names {found}" if found is not None else None


def _memory(root: Path) -> tuple[int, int]:
    """Total and available memory of the machine in bytes."""
    known = kibibytes(root / "proc/meminfo")
    if "MemTotal" in known and "MemAvailable" in known:
        return known["MemTotal"], known["MemAvailable"]
    import psutil

    measured = psutil.virtual_memory()
    return int(measured.total), int(measured.available)


def main() -> None:
    """Take the snapshot of this machine and print it."""
    total, available = _memory(Path("/"))
    answer(take_snapshot(Path("/"), host_total=total, host_available=available))


if __name__ == "__main__":
    main()
