"""The host: what is judged, and what on healthy machines only looks like trouble."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from checks.host.clock_skew import clock_skew
from checks.host.cpu_quota import cpu_quota
from checks.host.file_descriptors import file_descriptors
from checks.host.memory_near_limit import memory_near_limit
from checks.host.oom_killed import oom_killed
from checks.host.small_shm import small_shm
from checks.host.swap_thrash import swap_thrash
from checks.host.ulimit_or_locale import ulimit_or_locale
from checks.host.zombie_or_stuck_processes import zombie_or_stuck_processes
from ml_debugger.artifacts import Artifact, HostSnapshot, KernelEvent, KernelLog, LogText, Passage
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
from ml_debugger.artifacts.recorded import from_record
from ml_debugger.contract import Check, Measurement, NotMeasured, Settings, Status
from ml_debugger.testing.plant import faults
from ml_debugger.testing.twins import host_state, machine

GIB = 2**30
MIB = 2**20
PASS, WARN, FAIL, SKIP = Status.PASS, Status.WARN, Status.FAIL, Status.SKIP
CHECKS = (
    memory_near_limit,
    oom_killed,
    small_shm,
    cpu_quota,
    file_descriptors,
    zombie_or_stuck_processes,
    clock_skew,
    swap_thrash,
    ulimit_or_locale,
)


def judge(check: Check, subject: Artifact) -> tuple[Status, str]:
    """The gravest status, and the title or the reason."""
    settings = Settings({setting.name: setting.default for setting in check.settings})
    outcome = check.run((subject,), settings)
    if isinstance(outcome, NotMeasured):
        return SKIP, outcome.reason
    assert isinstance(outcome, Measurement)
    limits = {limit.name: limit for limit in check.limits}
    found = [limits[name].judge(value) for name, value in outcome.values.items()]
    return max(found, key=lambda status: status.gravity), outcome.title


def host(**changes: Any) -> HostSnapshot:
    """The twin's healthy host with other values."""
    return replace(machine.host(np.random.default_rng(1)), **changes)


def snapshot_of(workspace: Path) -> HostSnapshot:
    found = from_record(json.loads((workspace / "snapshots" / "host.json").read_text()))
    assert isinstance(found, HostSnapshot)
    return found


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_the_clean_twin_passes_and_the_planted_fault_is_found(check: Check, twin: Path) -> None:
    assert judge(check, snapshot_of(twin))[0] is PASS
    faults()[check.name].plant(twin, np.random.default_rng(1))
    after = {one.name: judge(one, snapshot_of(twin))[0] for one in CHECKS}
    assert after.pop(check.name).is_finding
    assert not any(status.is_finding for status in after.values())


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_a_system_that_tells_nothing_is_no_pass(check: Check) -> None:
    bare = HostSnapshot("host", None, "mac", 8, None, None, 0, 0, 0)
    expected = PASS if check is cpu_quota else SKIP
    assert judge(check, bare)[0] is expected


@pytest.mark.parametrize(("share", "status"), [(0.89, PASS), (0.92, WARN), (0.96, FAIL)])
def test_memory_against_the_limit(share: float, status: Status) -> None:
    used = machine.host(np.random.default_rng(1), used_share=share)
    assert judge(memory_near_limit, used)[0] is status


def test_without_a_limit_the_available_memory_of_the_machine_counts() -> None:
    free = host(memory_limit=None, host_memory_total=64 * GIB, host_memory_available=30 * GIB)
    assert judge(memory_near_limit, free)[0] is PASS
    full = replace(free, host_memory_available=GIB)
    assert judge(memory_near_limit, full)[0] is FAIL


def test_a_full_host_is_no_trouble_of_a_container_with_room() -> None:
    assert judge(memory_near_limit, host(host_memory_available=GIB))[0] is PASS


def test_kills_of_neighbours_are_not_ours() -> None:
    assert judge(oom_killed, host(oom_kills=0, machine_oom_kills=40))[0] is PASS
    status, title = judge(oom_killed, host(oom_kills=2))
    assert status is WARN
    assert title == "2 processes killed for memory since the control group exists"


def kernel(*events: KernelEvent, ended: str = "2025-06-02T06:00:00Z") -> KernelLog:
    return KernelLog("kern.log", "kern.log", events, 900, ended=ended)


def kill(process: str = "python3", last: str = "2025-06-02T05:00:00Z", **more: Any) -> KernelEvent:
    return KernelEvent("oom-kill", "Killed process 7", 12, process=process, last=last, **more)


@pytest.mark.parametrize(
    ("log", "status", "said"),
    [
        (kernel(), PASS, "No kill for memory in 900 lines"),
        (kernel(kill(detail="13.3 GiB resident")), FAIL, "python3 with 13.3 GiB resident was"),
        (kernel(kill(count=4)), FAIL, "4 kills in all"),
        (kernel(kill("chrome")), WARN, "chrome was killed"),
        (kernel(kill(last="2025-05-02T05:00:00Z")), WARN, "python3 was killed"),
        (kernel(kill(restarts=1)), WARN, "python3 was killed"),
        (kernel(kill("", device="/user.slice/a")), WARN, "A process of /user.slice/a"),
        (KernelLog("kernel log", None, (), 0, "not readable: no permission"), SKIP, "not readable"),
    ],
)
def test_kills_in_the_kernel_log(log: KernelLog, status: Status, said: str) -> None:
    seen, words = judge(oom_killed, log)
    assert seen is status
    assert said in words


def text_log(*tail: str, passages: Sequence[tuple[int, str, str]] = (), lines: int = 90) -> LogText:
    numbers = tuple(range(lines - len(tail) + 1, lines + 1))
    found = tuple(Passage(line, kind, tuple(text.split("\n"))) for line, kind, text in passages)
    return LogText("run.log", "run.log", "log text", lines, found, tail, tail_lines=numbers)


@pytest.mark.parametrize(
    ("log", "status", "said"),
    [
        (text_log("epoch 9 loss 0.3", "done"), PASS, "No kill"),
        (text_log("epoch 9 loss 0.3", "Killed", passages=[(90, "end", "Killed")]), WARN,
         "most likely because memory ran out"),
        (text_log("x", "train.sh: line 3:   812 Killed    python train.py",
                  passages=[(90, "end", "train.sh: line 3:   812 Killed    python train.py")]),
         WARN, "most likely"),
        (text_log("x", passages=[(90, "end", "slurmstepd: error: Detected 1 oom_kill event")]),
         FAIL, "The run was killed for memory"),
        (text_log("x", passages=[(90, "end", "command terminated with exit code 137")]), WARN,
         "most likely"),
        (text_log("x", passages=[(90, "end", "command terminated with exit code 1")]), PASS, "No"),
        (text_log("x", passages=[(90, "traceback",
                                  "Traceback (most recent call last):\nRuntimeError: DataLoader "
                                  "worker (pid 7) is killed by signal: Killed. ")]), WARN,
         "A data-loader worker was killed"),
        (text_log("x", passages=[(89, "end", "slurmstepd: error: *** JOB 7 ON n1 CANCELLED AT "
                                  "2025-01-01T00:00:00 DUE TO TIME LIMIT ***"),
                                 (90, "end", "Killed")]), PASS, "No kill"),
        (text_log(*(f"epoch {n} loss 0.3" for n in range(60)), passages=[(3, "end", "Killed")]),
         PASS, "No kill"),
    ],
)  # fmt: skip
def test_logs_that_end_with_a_kill(log: LogText, status: Status, said: str) -> None:
    seen, words = judge(oom_killed, log)
    assert seen is status
    assert said in words


def test_a_running_process_is_not_judged_by_its_log() -> None:
    log = replace(text_log("Killed", passages=[(90, "end", "Killed")]), running=True)
    assert judge(oom_killed, log)[0] is SKIP
    assert isinstance(log.first_time, datetime | None)


@pytest.mark.parametrize(
    ("size", "used", "gpus", "status"),
    [
        (64 * MIB, 0, 0, PASS),
        (64 * MIB, 0, 1, WARN),
        (GIB, 0, 8, PASS),
        (8 * GIB, 7.7 * GIB, 0, WARN),
        (8 * GIB, 7.9 * GIB, 1, FAIL),
        (0, 0, 1, SKIP),
    ],
)
def test_shared_memory(size: int, used: float, gpus: int, status: Status) -> None:
    known = host(shm_size=size, shm_used=int(used), gpus=gpus)
    assert judge(small_shm, known)[0] is status


def stopped(seconds: float, periods: int = 1000, throttled: int = 700) -> CpuThrottling:
    return CpuThrottling(periods, throttled, seconds, "/sys/fs/cgroup/cpu.stat", age=10_000.0)


@pytest.mark.parametrize(
    ("changes", "status", "said"),
    [
        ({"cpu_quota": None}, PASS, "32 of 128 CPUs may be used, no quota"),
        ({"cpu_quota": None, "cpus": 128}, PASS, "All 128 CPUs"),
        ({"cpu_quota": 32.0}, PASS, "no quota below that"),
        # a small quota on a large host, idle, with short bursts that are mostly stopped
        ({"cpu_quota": 4.0, "throttling": stopped(40.0)}, PASS, "Quota of 4 CPUs of 128 visible"),
        ({"cpu_quota": 4.0, "throttling": stopped(1500.0)}, WARN, "stopped for 15.0 %"),
        ({"cpu_quota": 4.0, "throttling": None}, SKIP, "does not say how long"),
    ],
)
def test_quota(changes: dict[str, Any], status: Status, said: str) -> None:
    seen, words = judge(cpu_quota, host(**changes))
    assert seen is status
    assert said in words


def processes(**changes: Any) -> HostSnapshot:
    known: Processes = host_state.healthy()["processes"]
    return host(processes=replace(known, **changes))


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"fullest": OpenFiles(7, "python", 800, 1024)}, PASS),
        ({"fullest": OpenFiles(7, "python", 900, 1024)}, WARN),
        ({"fullest": OpenFiles(7, "python", 1000, 1024)}, FAIL),
        ({"fullest": None, "file_handles": 850, "file_handle_limit": 1000}, WARN),
        ({"fullest": None, "file_handles": None}, SKIP),
    ],
)
def test_open_files(changes: dict[str, Any], status: Status) -> None:
    assert judge(file_descriptors, processes(**changes))[0] is status


def stuck(seconds: float | None) -> tuple[ProcessState, ...]:
    return (ProcessState(7, "python", "D", seconds, "nv_wait", 4),)


@pytest.mark.parametrize(
    ("changes", "status", "said"),
    [
        ({"zombies": 0}, PASS, "None of 61 processes is stuck or a zombie"),
        ({"zombies": 40}, PASS, "40 zombies; 32,768 processes may exist"),
        ({"zombies": 9000}, WARN, "9,000 zombies"),
        ({"zombies": 30_000}, FAIL, "30,000 zombies"),
        ({"stuck": stuck(5.0)}, PASS, "python (7) waiting in the kernel for 5 s"),
        ({"stuck": stuck(200.0)}, WARN, "for 200 s"),
        ({"stuck": stuck(900.0)}, FAIL, "for 900 s"),
        ({"stuck": stuck(None)}, SKIP, "nobody knows how long"),
        ({"stuck": stuck(None), "task_limit": None}, SKIP, "nobody knows how long"),
    ],
)
def test_processes_that_cannot_end(changes: dict[str, Any], status: Status, said: str) -> None:
    seen, words = judge(zombie_or_stuck_processes, processes(**changes))
    assert seen is status
    assert said in words


NOW = host_state.reading(0)


def clock(**state: Any) -> HostSnapshot:
    return host(clock=Clock(NOW, **state))


@pytest.mark.parametrize(
    ("known", "status", "said"),
    [
        (clock(synchronised=True, offset=-0.01), PASS, "Clock synchronised, 10.0 ms"),
        (clock(synchronised=True, offset=-0.2), WARN, "200.0 ms to correct"),
        (clock(synchronised=False, virtual=False), WARN, "Nothing corrects the clock"),
        # a virtual machine whose host keeps the clock, a daemon that tells the kernel nothing
        (clock(synchronised=False, virtual=True), SKIP, "its host may keep it"),
        (clock(synchronised=False, virtual=None), SKIP, "its host may keep it"),
        (clock(synchronised=False, virtual=False, services=("ntpd",)), SKIP, "ntpd is running"),
        (clock(), SKIP, "does not say"),
        (clock(synchronised=False, virtual=True, hardware_offset=0.4), PASS, "0.4 s from the"),
        (clock(synchronised=False, virtual=True, hardware_offset=-9.0), WARN, "9.0 s from the"),
        # an old battery: the hardware clock is wrong, not the time
        (clock(synchronised=True, offset=0.0, hardware_offset=300.0), PASS, "synchronised"),
        (clock(synchronised=True, past=(host_state.reading(900, step=0.3),)), PASS, "synchronised"),
        (clock(synchronised=True, virtual=False, past=(host_state.reading(900, step=40),)), WARN,
         "set by 40.0 s"),
        (clock(synchronised=True, virtual=True, past=(host_state.reading(900, step=-40),)), WARN,
         "set by 40.0 s"),
        # a virtual machine that was halted for an hour
        (clock(synchronised=True, virtual=True, past=(host_state.reading(9e3, step=3600),)), PASS,
         "synchronised"),
        (clock(synchronised=True, past=(ClockReading(5.0, 9e5, "another start"),)), PASS, "Clock"),
        (clock(synchronised=True, past=(ClockReading(5.0, 30.0, host_state.BOOT),)), PASS, "Clock"),
    ],
)  # fmt: skip
def test_clocks(known: HostSnapshot, status: Status, said: str) -> None:
    seen, words = judge(clock_skew, known)
    assert seen is status
    assert said in words


def pressed(full_10: float, full_60: float) -> HostSnapshot:
    return host(pressure=Pressure(90.0, 90.0, full_10, full_60, 50.0, "/proc/pressure/memory"))


@pytest.mark.parametrize(
    ("known", "status"),
    [
        (pressed(0.0, 40.0), PASS),  # it is over
        (pressed(70.0, 4.0), PASS),  # a short burst
        (pressed(30.0, 20.0), WARN),
        (pressed(80.0, 70.0), FAIL),
        (host(swap=Swap(8 * GIB, 8 * GIB)), PASS),  # what nobody touches is put away
        (host(pressure=None), SKIP),
    ],
)
def test_memory_pressure_has_to_last(known: HostSnapshot, status: Status) -> None:
    assert judge(swap_thrash, known)[0] is status


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({}, PASS),
        ({"limits": ProcessLimits(1024, None, None, None, None)}, PASS),
        ({"limits": ProcessLimits(256, 1024, None, None, None)}, WARN),
        ({"limits": None, "text": None, "processes": None}, SKIP),
        ({"rdma": 2}, PASS),  # one card needs no network of its own
        ({"rdma": 2, "gpus": 8}, WARN),
        ({"rdma": 2, "gpus": 8, "limits": ProcessLimits(1024, None, None, None, None)}, PASS),
        ({"text": TextSettings("utf_8", "UTF-8")}, PASS),
        ({"text": TextSettings("iso8859-1", "utf-8")}, WARN),
        ({"processes": Processes(9, tasks=500, task_limit=512)}, FAIL),
        ({"processes": Processes(9, tasks=430, task_limit=512)}, WARN),
    ],
)
def test_limits_and_text(changes: dict[str, Any], status: Status) -> None:
    assert judge(ulimit_or_locale, host(**changes))[0] is status
