"""The host as this process may use it: memory, processors, limits."""

from __future__ import annotations

from dataclasses import dataclass

from ml_debugger.artifacts.base import Artifact


@dataclass(frozen=True, eq=False)
class HostSnapshot(Artifact):
    """CPU and memory as this process may use them.

    Memory in bytes. `memory_limit` is the smallest limit of the cgroup and its ancestors, None
    where there is none; `memory_used` is the use that the limit is compared with, page cache
    that the kernel can drop left out. `host_*` are the figures of the whole machine.
    """

    hostname: str
    cpus: int
    cpu_quota: float | None
    memory_limit: int | None
    memory_used: int
    host_memory_total: int
    host_memory_available: int
    limit_source: str | None = None
    taken: str | None = None
