"""Limits of control groups, of both versions, read from a tree of files."""

from __future__ import annotations

from pathlib import Path

import pytest

from ml_debugger.probes.host import cpu_quota, take_snapshot

GIB = 2**30
HOST = 754 * GIB


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path


def put(root: Path, files: dict[str, object]) -> None:
    for name, content in files.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{content}\n")


def taken(root: Path) -> tuple[int | None, int, str | None]:
    host = take_snapshot(root, host_total=HOST, host_available=HOST // 2)
    return host.memory_limit, host.memory_used, host.limit_source


def test_without_a_limit_the_machine_counts(root: Path) -> None:
    assert taken(root) == (None, HOST // 2, None)


def test_version_2_leaves_droppable_cache_out(root: Path) -> None:
    put(
        root,
        {
            "proc/self/cgroup": "0::/",
            "sys/fs/cgroup/memory.max": 90 * GIB,
            "sys/fs/cgroup/memory.current": 80 * GIB,
            "sys/fs/cgroup/memory.stat": f"anon 1\ninactive_file {30 * GIB}",
        },
    )
    assert taken(root) == (90 * GIB, 50 * GIB, "/sys/fs/cgroup/memory.max")


def test_the_tightest_ancestor_counts(root: Path) -> None:
    put(
        root,
        {
            "proc/self/cgroup": "0::/pod/job",
            "sys/fs/cgroup/pod/memory.max": 40 * GIB,
            "sys/fs/cgroup/pod/memory.current": 39 * GIB,
            "sys/fs/cgroup/pod/job/memory.max": "max",
            "sys/fs/cgroup/pod/job/memory.current": 10 * GIB,
        },
    )
    assert taken(root) == (40 * GIB, 39 * GIB, "/sys/fs/cgroup/pod/memory.max")


def test_version_1_under_a_path_of_the_host(root: Path) -> None:
    put(
        root,
        {
            "proc/self/cgroup": "5:cpu,cpuacct:/docker/ab12\n4:memory:/docker/ab12",
            "sys/fs/cgroup/memory/memory.limit_in_bytes": 16 * GIB,
            "sys/fs/cgroup/memory/memory.usage_in_bytes": 12 * GIB,
            "sys/fs/cgroup/memory/memory.stat": f"total_inactive_file {2 * GIB}",
        },
    )
    assert taken(root) == (16 * GIB, 10 * GIB, "/sys/fs/cgroup/memory/memory.limit_in_bytes")


def test_the_largest_number_of_version_1_is_no_limit(root: Path) -> None:
    put(
        root,
        {
            "proc/self/cgroup": "4:memory:/",
            "sys/fs/cgroup/memory/memory.limit_in_bytes": 9223372036854771712,
            "sys/fs/cgroup/memory/memory.usage_in_bytes": 12 * GIB,
        },
    )
    assert taken(root)[0] is None


def test_quotas_of_both_versions(root: Path) -> None:
    assert cpu_quota(root) is None
    put(root, {"proc/self/cgroup": "0::/job", "sys/fs/cgroup/job/cpu.max": "max 100000"})
    assert cpu_quota(root) is None
    put(root, {"sys/fs/cgroup/cpu.max": "250000 100000"})
    assert cpu_quota(root) == 2.5
    put(
        root,
        {
            "proc/self/cgroup": "3:cpu,cpuacct:/",
            "sys/fs/cgroup/cpu/cpu.cfs_quota_us": 150000,
            "sys/fs/cgroup/cpu/cpu.cfs_period_us": 100000,
        },
    )
    assert cpu_quota(root) == 1.5
