"""What holds here, read from a tree of files: limits, counters, pressure, the container."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ml_debugger.artifacts import HostSnapshot
from ml_debugger.artifacts.host import CpuThrottling, Pressure, Swap
from ml_debugger.artifacts.recorded import from_record, to_record
from ml_debugger.probes.cgroups import cpu_quota, oom_kills, task_limits, throttling
from ml_debugger.probes.host import take_snapshot
from ml_debugger.probes.memory import Traffic, pressure, shared_memory, swap

GIB = 2**30
HOST = 754 * GIB
CGROUP = "sys/fs/cgroup"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path


def put(root: Path, files: dict[str, object]) -> None:
    for name, content in files.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{content}\n")


def snapshot(root: Path) -> HostSnapshot:
    return take_snapshot(root, host_total=HOST, host_available=HOST // 2, sleep=lambda _: None)


def taken(root: Path) -> tuple[int | None, int, str | None]:
    host = snapshot(root)
    return host.memory_limit, host.memory_used, host.limit_source


def test_without_a_limit_the_machine_counts(root: Path) -> None:
    assert taken(root) == (None, HOST // 2, None)


def test_version_2_leaves_droppable_cache_out(root: Path) -> None:
    put(
        root,
        {
            "proc/self/cgroup": "0::/",
            f"{CGROUP}/memory.max": 90 * GIB,
            f"{CGROUP}/memory.current": 80 * GIB,
            f"{CGROUP}/memory.stat": f"anon 1\ninactive_file {30 * GIB}",
        },
    )
    assert taken(root) == (90 * GIB, 50 * GIB, "/sys/fs/cgroup/memory.max")


def test_the_tightest_ancestor_counts(root: Path) -> None:
    put(
        root,
        {
            "proc/self/cgroup": "0::/pod/job",
            f"{CGROUP}/pod/memory.max": 40 * GIB,
            f"{CGROUP}/pod/memory.current": 39 * GIB,
            f"{CGROUP}/pod/job/memory.max": "max",
            f"{CGROUP}/pod/job/memory.current": 10 * GIB,
        },
    )
    assert taken(root) == (40 * GIB, 39 * GIB, "/sys/fs/cgroup/pod/memory.max")


def test_version_1_under_a_path_of_the_host(root: Path) -> None:
    put(
        root,
        {
            "proc/self/cgroup": "5:cpu,cpuacct:/docker/ab12\n4:memory:/docker/ab12",
            f"{CGROUP}/memory/memory.limit_in_bytes": 16 * GIB,
            f"{CGROUP}/memory/memory.usage_in_bytes": 12 * GIB,
            f"{CGROUP}/memory/memory.stat": f"total_inactive_file {2 * GIB}",
        },
    )
    assert taken(root) == (16 * GIB, 10 * GIB, "/sys/fs/cgroup/memory/memory.limit_in_bytes")


def test_the_largest_number_of_version_1_is_no_limit(root: Path) -> None:
    put(
        root,
        {
            "proc/self/cgroup": "4:memory:/",
            f"{CGROUP}/memory/memory.limit_in_bytes": 9223372036854771712,
            f"{CGROUP}/memory/memory.usage_in_bytes": 12 * GIB,
        },
    )
    assert taken(root)[0] is None


def test_quotas_of_both_versions(root: Path) -> None:
    assert cpu_quota(root) is None
    put(root, {"proc/self/cgroup": "0::/job", f"{CGROUP}/job/cpu.max": "max 100000"})
    assert cpu_quota(root) is None
    put(root, {f"{CGROUP}/cpu.max": "250000 100000"})
    assert cpu_quota(root) == 2.5
    put(
        root,
        {
            "proc/self/cgroup": "3:cpu,cpuacct:/",
            f"{CGROUP}/cpu/cpu.cfs_quota_us": 150000,
            f"{CGROUP}/cpu/cpu.cfs_period_us": 100000,
        },
    )
    assert cpu_quota(root) == 1.5


def test_kills_of_the_group_and_those_above_it(root: Path) -> None:
    assert oom_kills(root) is None
    put(
        root,
        {
            "proc/self/cgroup": "0::/pod/job",
            f"{CGROUP}/pod/job/memory.events": "low 0\nhigh 0\nmax 12\noom 3\noom_kill 1",
            f"{CGROUP}/pod/memory.events": "low 0\noom_kill 4",
        },
    )
    found = oom_kills(root)
    assert found is not None
    assert (found.value, found.source) == (4, "/sys/fs/cgroup/pod/memory.events")


def test_kills_of_version_1(root: Path) -> None:
    put(
        root,
        {
            "proc/self/cgroup": "4:memory:/",
            f"{CGROUP}/memory/memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 2",
        },
    )
    found = oom_kills(root)
    assert found is not None
    assert found.value == 2


def test_version_2_beside_version_1_is_at_unified(root: Path) -> None:
    put(
        root,
        {
            "proc/self/cgroup": "4:memory:/\n0::/",
            f"{CGROUP}/unified/cgroup.controllers": "",
            f"{CGROUP}/unified/memory.pressure": "some avg10=1.50 avg60=0.50 avg300=0.10 total=7\n"
            "full avg10=1.00 avg60=0.40 avg300=0.05 total=5",
        },
    )
    found = pressure(root)
    assert found == Pressure(1.5, 0.5, 1.0, 0.4, 0.05, "/sys/fs/cgroup/unified/memory.pressure")


@pytest.mark.parametrize(
    ("stat", "found"),
    [
        ("nr_periods 1000\nnr_throttled 400\nthrottled_usec 2500000", (1000, 400, 2.5)),
        ("nr_periods 1000\nnr_throttled 400\nthrottled_time 2500000000", (1000, 400, 2.5)),
        ("usage_usec 12\nuser_usec 3", None),
        ("nr_periods 0\nnr_throttled 0", None),
        ("nr_periods many", None),
    ],
)
def test_throttling(root: Path, stat: str, found: tuple[int, int, float] | None) -> None:
    put(root, {"proc/self/cgroup": "0::/", f"{CGROUP}/cpu.stat": stat})
    expected = CpuThrottling(*found, "/sys/fs/cgroup/cpu.stat") if found else None
    assert throttling(root) == expected


def test_limits_of_processes_and_threads(root: Path) -> None:
    put(
        root,
        {
            "proc/self/cgroup": "0::/",
            f"{CGROUP}/pids.max": 512,
            f"{CGROUP}/pids.current": 500,
        },
    )
    assert list(task_limits(root)) == [(500, 512, "/sys/fs/cgroup/pids.max")]


def test_pressure_of_the_machine_where_the_group_keeps_none(root: Path) -> None:
    assert pressure(root) is None
    text = "some avg10=0.00 avg60=0.00 avg300=0.00 total=0"
    put(root, {"proc/pressure/memory": text})
    assert pressure(root) is None
    put(root, {"proc/pressure/memory": f"{text}\n{text.replace('some', 'full')}"})
    found = pressure(root)
    assert found is not None
    assert found.source == "/proc/pressure/memory"


def test_swap_and_its_traffic(root: Path) -> None:
    assert swap(root, None, None) is None
    put(root, {"proc/meminfo": "MemTotal: 100 kB\nSwapTotal: 1024 kB\nSwapFree: 24 kB"})
    assert swap(root, None, None) == Swap(1024 * 1024, 1000 * 1024)
    page = os.sysconf("SC_PAGE_SIZE")
    found = swap(root, Traffic(10.0, 0, 0, 0), Traffic(12.0, 4, 8, 6))
    assert found == Swap(1024 * 1024, 1000 * 1024, 2.0 * page, 4.0 * page, 3.0)


def test_shared_memory(root: Path) -> None:
    assert shared_memory(root) is None
    (root / "dev/shm").mkdir(parents=True)
    status = os.statvfs_result((4096, 4096, 16384, 4096, 4096, 0, 0, 0, 0, 255))
    assert shared_memory(root, lambda _: status) == (64 * 2**20, 48 * 2**20)


def test_a_machine_without_any_of_the_files(root: Path) -> None:
    host = snapshot(root)
    assert (host.container, host.pressure, host.swap, host.throttling) == (None,) * 4
    assert (host.oom_kills, host.machine_oom_kills, host.shm_size, host.processes) == (None,) * 4
    assert host.text is not None


@pytest.mark.parametrize("odd", ["", "\0\0", "max", "-", "nan 1", "9" * 400, "ü\n\n: kB", "a b c"])
def test_odd_contents_are_survived(root: Path, odd: str) -> None:
    names = (
        *("memory.max", "memory.current", "memory.stat", "memory.events", "cpu.max", "cpu.stat"),
        *("pids.max", "pids.current", "memory.pressure"),
    )
    put(root, {f"{CGROUP}/{name}": odd for name in names})
    proc = ("meminfo", "vmstat", "uptime", "pressure/memory", "sys/fs/file-nr", "cpuinfo")
    put(root, {f"proc/{name}": odd for name in proc})
    put(root, {"proc/self/cgroup": "0::/", "proc/7/stat": odd, "proc/8/stat": f"8 (x) D {odd}"})
    host = snapshot(root)
    assert host.memory_limit is None
    assert from_record(to_record(host)).subject == "host"


def test_files_that_are_folders_and_names_that_leave_the_tree(root: Path) -> None:
    (root / f"{CGROUP}/memory.max").mkdir(parents=True)
    put(root, {"proc/self/cgroup": "0::/../../etc"})
    assert snapshot(root).memory_limit is None


@pytest.mark.parametrize(
    ("file", "content", "said"),
    [
        (".dockerenv", "", "/.dockerenv"),
        ("run/.containerenv", "", "/run/.containerenv"),
        ("proc/self/cgroup", "4:memory:/kubepods/pod1", "/proc/self/cgroup names kubepods"),
        ("proc/self/cgroup", "0::/user.slice/user-1000.slice", None),
    ],
)
def test_what_speaks_for_a_container(root: Path, file: str, content: str, said: str | None) -> None:
    put(root, {file: content})
    assert snapshot(root).container == said


def test_this_machine_survives_json() -> None:
    host = take_snapshot(Path("/"), host_total=HOST, host_available=GIB)
    read = from_record(to_record(host))
    assert to_record(read) == to_record(host)
