"""Control groups: the limits and counters of the own group and of those above it, v1 and v2.

Files: `Documentation/admin-guide/cgroup-v2.rst`, `cgroup-v1/memory.rst` and `scheduler/
sched-bwc.rst` of the Linux kernel.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ml_debugger.artifacts.host import CpuThrottling
from ml_debugger.probes.kernel_files import counters, number, text_of, whole

_CGROUPS = Path("sys/fs/cgroup")


@dataclass(frozen=True, slots=True)
class MemoryLimit:
    """A cgroup's limit and use in bytes; droppable page cache is left out of the use."""

    limit: int
    used: int
    source: str


@dataclass(frozen=True, slots=True)
class Counted:
    """A number and the file that it stands in."""

    value: int
    source: str


def memory_limits(root: Path = Path("/")) -> Iterator[MemoryLimit]:
    """The limits of this process's cgroup and all of its ancestors, of both versions."""
    for folder in folders(root):
        limit = number(folder / "memory.max")
        used = number(folder / "memory.current")
        if limit is not None and used is not None:
            cache = counters(folder / "memory.stat").get("inactive_file", 0)
            yield _limit(root, folder / "memory.max", limit, used - cache)
    for folder in folders(root, "memory"):
        limit = number(folder / "memory.limit_in_bytes")
        used = number(folder / "memory.usage_in_bytes")
        if limit is not None and used is not None:
            cache = counters(folder / "memory.stat").get("total_inactive_file", 0)
            yield _limit(root, folder / "memory.limit_in_bytes", limit, used - cache)


def cpu_quota(root: Path = Path("/")) -> float | None:
    """The smallest number of CPUs that a quota of the cgroup or an ancestor leaves."""
    quotas = []
    for folder in folders(root):
        words = (text_of(folder / "cpu.max") or "").split()
        quota, period = map(whole, words) if len(words) == 2 else (None, None)
        if quota is not None and period:
            quotas.append(quota / period)
    for folder in folders(root, "cpu"):
        quota = number(folder / "cpu.cfs_quota_us")
        period = number(folder / "cpu.cfs_period_us")
        if quota is not None and period and quota > 0:
            quotas.append(quota / period)
    return min(quotas, default=None)


def oom_kills(root: Path = Path("/")) -> Counted | None:
    """Most processes that were killed for memory in one of the groups.

    A group counts those of the groups below it too (memory.events of version 2); version 1
    counts them in memory.oom_control from Linux 4.13 on, each group alone.
    """
    found = []
    for folder, file in _memory_events(root):
        kills = counters(folder / file).get("oom_kill")
        if kills is not None:
            found.append(Counted(kills, _shown(root, folder / file)))
    return max(found, key=lambda counted: counted.value, default=None)


def throttling(root: Path = Path("/"), age: float | None = None) -> CpuThrottling | None:
    """How often a quota stopped the group that is stopped most often; `age` is kept with it."""
    found = []
    for folder in (*folders(root), *folders(root, "cpu")):
        file = folder / "cpu.stat"
        stat = counters(file)
        periods, throttled = stat.get("nr_periods"), stat.get("nr_throttled")
        if periods and throttled is not None:
            # version 2 counts microseconds, version 1 nanoseconds
            micros = stat.get("throttled_usec", stat.get("throttled_time", 0) / 1000)
            found.append(CpuThrottling(periods, throttled, micros / 1e6, _shown(root, file), age))
    return max(found, key=lambda one: one.throttled / one.periods, default=None)


def task_limits(root: Path = Path("/")) -> Iterator[tuple[int, int, str]]:
    """Use and limit of processes and threads of the groups, with the file of the limit."""
    for folder in (*folders(root), *folders(root, "pids")):
        limit, used = number(folder / "pids.max"), number(folder / "pids.current")
        if limit is not None and used is not None:
            yield used, limit, _shown(root, folder / "pids.max")


def pressure_file(root: Path = Path("/")) -> Path | None:
    """The file of the memory pressure of the own group; None where it has none."""
    own = next(folders(root), None)
    file = own / "memory.pressure" if own is not None else None
    return file if file is not None and file.is_file() else None


def folders(root: Path, controller: str = "") -> Iterator[Path]:
    """The cgroup's folder and its ancestors up to the mount.

    A container without a cgroup namespace sees the host's path, which does not exist below
    its own mount; the mount itself is its cgroup then. Version 2 beside version 1 is mounted at
    "unified".
    """
    below = _cgroup_path(root, controller)
    if below is None:
        return
    top = root / _CGROUPS / controller
    if not controller and not (top / "cgroup.controllers").exists():
        unified = root / _CGROUPS / "unified"
        top = unified if unified.is_dir() else top
    folder = top / below.lstrip("/")
    if ".." in Path(below).parts or not folder.is_dir():
        folder = top
    while folder != top:
        yield folder
        folder = folder.parent
    yield top


def _memory_events(root: Path) -> Iterator[tuple[Path, str]]:
    yield from ((folder, "memory.events") for folder in folders(root))
    yield from ((folder, "memory.oom_control") for folder in folders(root, "memory"))


def _cgroup_path(root: Path, controller: str) -> str | None:
    for line in (text_of(root / "proc/self/cgroup") or "").splitlines():
        hierarchy, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        named = controller in controllers.split(",")
        if named and (controller or hierarchy == "0"):
            return path
    return None


def _limit(root: Path, file: Path, limit: int, used: int) -> MemoryLimit:
    return MemoryLimit(limit, max(0, used), _shown(root, file))


def _shown(root: Path, file: Path) -> str:
    return f"/{file.relative_to(root)}"
