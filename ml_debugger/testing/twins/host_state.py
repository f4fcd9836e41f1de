"""The state of the twin's host beside its memory: healthy, with the usual small blemishes."""

from __future__ import annotations

from typing import Any

from ml_debugger.artifacts.host import (
    Clock,
    ClockReading,
    CpuThrottling,
    OpenFiles,
    Pressure,
    Processes,
    ProcessLimits,
    ProcessState,
    Swap,
    TextSettings,
)

GIB = 2**30
BOOT = "5f1c0a2e-7d11-4c4e-9a10-0d6c2b9f3e77"
NOW = 1_748_844_300.0
"""2025-06-02T06:05:00Z."""
UPTIME = 1_900_000.0


def reading(seconds_ago: float, step: float = 0.0) -> ClockReading:
    """The clock of so many seconds ago; `step` is by how much it was set since then."""
    return ClockReading(NOW - step - seconds_ago, UPTIME - seconds_ago, BOOT)


def healthy() -> dict[str, Any]:
    """Fields of a container on a large host: a few zombies, some swap of the neighbours, a quota
    that is reached now and then, the common soft limit of 1024 files."""
    return {
        "host_cpus": 128,
        "container": "/.dockerenv",
        "oom_kills": 0,
        "oom_source": "/sys/fs/cgroup/memory.events",
        "machine_oom_kills": 3,
        "pressure": Pressure(2.4, 1.1, 0.6, 0.2, 0.05, "/sys/fs/cgroup/memory.pressure"),
        "swap": Swap(8 * GIB, 3 * GIB, 40_960.0, 0.0, 12.0),
        "throttling": CpuThrottling(41_000, 2_300, 310.0, "/sys/fs/cgroup/cpu.stat", age=86_000.0),
        "shm_size": 32 * GIB,
        "shm_used": 2 * GIB,
        "gpus": 1,
        "rdma": 0,
        "processes": Processes(
            seen=61,
            zombies=3,
            collected_late=(ProcessState(912, "sh", "Z", parent="bash (1)"),),
            tasks=420,
            task_limit=32_768,
            limit_source="/sys/fs/cgroup/pids.max",
            fullest=OpenFiles(4100, "python", 212, 1024),
            file_handles=210_000,
            file_handle_limit=9_223_372_036_854_775_807,
        ),
        "clock": Clock(
            reading(0),
            synchronised=True,
            max_error=0.004,
            offset=0.0002,
            virtual=False,
            past=(reading(172_800.0), reading(86_400.0, step=0.002)),
        ),
        "limits": ProcessLimits(1024, 1_048_576, None, 8 * 2**20, None),
        "text": TextSettings("utf-8", "utf-8", "LANG=C.UTF-8"),
    }
