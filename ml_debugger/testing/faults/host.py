"""Faults of the host, written as recorded snapshots."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from ml_debugger.artifacts.host import (
    Clock,
    CpuThrottling,
    OpenFiles,
    Pressure,
    Processes,
    ProcessLimits,
    ProcessState,
    Swap,
    TextSettings,
)
from ml_debugger.testing.plant import fault
from ml_debugger.testing.times import same_time
from ml_debugger.testing.twins import host_state
from ml_debugger.testing.twins.machine import GIB, change_host, host, write_snapshot


def _file(workspace: Path) -> Path:
    return workspace / "snapshots" / "host.json"


def _processes() -> Processes:
    known: Processes = host_state.healthy()["processes"]
    return known


@fault("memory-near-limit")
def plant_memory_near_limit(workspace: Path, rng: np.random.Generator) -> str:
    """The container uses nearly all that it may, while the host has plenty."""
    file = _file(workspace)
    share = float(rng.uniform(0.96, 0.99))
    with same_time(file):
        write_snapshot(file, host(rng, used_share=share))
    return f"the container uses {share:.0%} of its 90 GiB on a host of 754 GiB"


@fault("oom-killed")
def plant_oom_killed(workspace: Path, rng: np.random.Generator) -> str:
    """Workers of this container were killed."""
    kills = int(rng.integers(1, 5))
    change_host(_file(workspace), oom_kills=kills)
    return f"the control group counts {kills} kills for memory"


@fault("small-shm")
def plant_small_shm(workspace: Path, _rng: np.random.Generator) -> str:
    """Docker's default beside a card."""
    change_host(_file(workspace), shm_size=64 * 2**20, shm_used=2**20)
    return "/dev/shm has 64 MiB, beside one GPU"


@fault("cpu-quota")
def plant_cpu_quota(workspace: Path, rng: np.random.Generator) -> str:
    """A thread for each of 128 CPUs, and a quota for four."""
    share = float(rng.uniform(0.3, 0.7))
    spent = CpuThrottling(
        700_000, int(700_000 * share), 86_000.0 * share, "/sys/fs/cgroup/cpu.stat", age=86_000.0
    )
    change_host(_file(workspace), cpus=128, cpu_quota=4.0, throttling=spent)
    return f"a quota of 4 CPUs of 128 stopped the container for {share:.0%} of its life"


@fault("file-descriptors")
def plant_file_descriptors(workspace: Path, rng: np.random.Generator) -> str:
    """A process leaks descriptors."""
    used = int(rng.integers(985, 1020))
    known = replace(_processes(), fullest=OpenFiles(4100, "python", used, 1024))
    change_host(_file(workspace), processes=known)
    return f"python has {used} of 1,024 files open"


@fault("zombie-or-stuck-processes")
def plant_stuck_process(workspace: Path, rng: np.random.Generator) -> str:
    """A process hangs in a network mount."""
    seconds = float(rng.uniform(400, 4000))
    stuck = ProcessState(4107, "pt_data_worker", "D", seconds, "nfs_wait_bit_killable", 2)
    change_host(_file(workspace), processes=replace(_processes(), stuck=(stuck,)))
    return f"a data-loader worker has waited in NFS for {seconds:.0f} s"


@fault("clock-skew")
def plant_clock_skew(workspace: Path, rng: np.random.Generator) -> str:
    """The clock was set between two runs."""
    step = float(rng.uniform(20, 3000))
    clock: Clock = host_state.healthy()["clock"]
    past = (*clock.past, host_state.reading(3600.0, step=step))
    change_host(_file(workspace), clock=replace(clock, past=past))
    return f"the clock was set by {step:.0f} s since the last run"


@fault("swap-thrash")
def plant_swap_thrash(workspace: Path, rng: np.random.Generator) -> str:
    """Nearly all work waits for memory."""
    stalled = round(float(rng.uniform(65, 90)), 2)
    pressure = Pressure(
        stalled + 5, stalled + 4, stalled, stalled - 2, 31.0, "/sys/fs/cgroup/memory.pressure"
    )
    swap = Swap(8 * GIB, 8 * GIB, 1.2e8, 1.1e8, 31_000.0)
    change_host(_file(workspace), pressure=pressure, swap=swap)
    return f"all work waits for memory {stalled:.0f} % of the time"


@fault("ulimit-or-locale")
def plant_ulimit_or_locale(workspace: Path, _rng: np.random.Generator) -> str:
    """A hard limit of 1024 files, and output that holds ASCII only."""
    change_host(
        _file(workspace),
        limits=ProcessLimits(1024, 1024, None, 65_536, 0),
        text=TextSettings("ascii", "ascii", "LC_ALL=C PYTHONIOENCODING=ascii"),
    )
    return "no program can open more than 1,024 files, and output is ASCII"
