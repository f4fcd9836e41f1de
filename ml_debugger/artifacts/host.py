"""The host as this process may use it: memory, processors, processes, limits, clock."""

from __future__ import annotations

from dataclasses import dataclass

from ml_debugger.artifacts.base import Artifact


@dataclass(frozen=True, slots=True)
class Pressure:
    """Pressure stall information of memory: percent of the time in which work waited for it.

    "some" is at least one task waiting, "full" all of them, as averages over the last 10, 60 and
    300 seconds. `source` is the file that it stands in: that of the own control group, or that
    of the machine.
    """

    some_10: float
    some_60: float
    full_10: float
    full_60: float
    full_300: float
    source: str


@dataclass(frozen=True, slots=True)
class Swap:
    """Swap in bytes, and the traffic between the two readings in bytes a second.

    `major_faults` are page faults a second that had to read from a disk. Traffic is that of the
    whole machine, None where the two readings could not be compared.
    """

    total: int
    used: int
    in_rate: float | None = None
    out_rate: float | None = None
    major_faults: float | None = None


@dataclass(frozen=True, slots=True)
class CpuThrottling:
    """How often the control group used up its CPU quota, since it exists.

    `periods` are those in which it wanted to run, `throttled` those in which it was stopped,
    `seconds` the time for which it was. `source` is the file. `age` is the seconds since the
    first process in sight was started: in a container that is the container's age.
    """

    periods: int
    throttled: int
    seconds: float
    source: str
    age: float | None = None


@dataclass(frozen=True, slots=True)
class ProcessState:
    """A process that is a zombie ("Z") or in uninterruptible sleep ("D") in both readings.

    `seconds` is how long it has not run, None where the kernel does not tell. `waiting` is the
    kernel function that it waits in. `threads` counts its threads that still exist: a zombie with
    threads cannot be collected before they end. `parent` is the process that must collect it.
    """

    pid: int
    name: str
    state: str
    seconds: float | None = None
    waiting: str | None = None
    threads: int = 1
    parent: str | None = None


@dataclass(frozen=True, slots=True)
class OpenFiles:
    """Open files of one process of this user, and its soft limit."""

    pid: int
    name: str
    used: int
    limit: int


@dataclass(frozen=True, slots=True)
class Processes:
    """The processes that can be seen here.

    `seen` are those that were looked at, `complete` is false where there were too many.
    `zombies` counts all zombies, `stuck` and `collected_late` describe at most eight each:
    processes in uninterruptible sleep and zombies, the longest first. `tasks` are processes and
    threads that count against `task_limit`, the smallest limit that holds; `limit_source` names
    it. `fullest` is the process of this user that is nearest to its limit of open files.
    """

    seen: int
    complete: bool = True
    zombies: int = 0
    stuck: tuple[ProcessState, ...] = ()
    collected_late: tuple[ProcessState, ...] = ()
    tasks: int | None = None
    task_limit: int | None = None
    limit_source: str | None = None
    fullest: OpenFiles | None = None
    file_handles: int | None = None
    file_handle_limit: int | None = None


@dataclass(frozen=True, slots=True)
class ClockReading:
    """The time of day and the time since the machine started, read together, in seconds.

    Within one start of the machine (`boot`) both advance alike unless the clock is set.
    """

    realtime: float
    boottime: float
    boot: str | None = None


@dataclass(frozen=True, slots=True)
class Clock:
    """The clock of the machine; seconds.

    `synchronised` is the kernel's own word: whether something corrects the clock. `max_error` is
    the error that the kernel reckons with, `offset` what is being corrected just now. `virtual`
    is true on a virtual machine, whose host may keep the clock without the kernel's knowing.
    `services` are running programs that set clocks. `hardware_offset` is how far the clock runs
    ahead of the hardware clock, to about a second, whole quarters of an hour left out. `past` are
    readings of earlier runs, the oldest first.
    """

    reading: ClockReading
    synchronised: bool | None = None
    max_error: float | None = None
    offset: float | None = None
    virtual: bool | None = None
    services: tuple[str, ...] = ()
    hardware_offset: float | None = None
    past: tuple[ClockReading, ...] = ()


@dataclass(frozen=True, slots=True)
class ProcessLimits:
    """Limits of a process that is started here: None means unlimited.

    Open files as soft and hard limit; locked memory and core files in bytes (soft).
    """

    open_files: int | None
    open_files_hard: int | None
    processes: int | None
    locked_memory: int | None
    core: int | None


@dataclass(frozen=True, slots=True)
class TextSettings:
    """How Python writes text here: the encodings it takes, and the variables behind them."""

    output_encoding: str
    file_name_encoding: str
    locale: str | None = None


@dataclass(frozen=True, eq=False)
class HostSnapshot(Artifact):
    """CPU and memory as this process may use them.

    Memory in bytes. `memory_limit` is the smallest limit of the cgroup and its ancestors, None
    where there is none; `memory_used` is the use that the limit is compared with, page cache
    that the kernel can drop left out. `host_*` are the figures of the whole machine.

    `cpus` are those that this process may run on, `host_cpus` those that the machine has, which
    is what most libraries start a thread for. `container` says what speaks for a container, None
    where nothing does.

    `oom_kills` counts processes of the own control group, and of those above it that can be
    seen, that an out-of-memory killer ended since they exist; `oom_source` is the file.
    `machine_oom_kills` is that of the whole machine since it started, neighbours included.

    `shm_*` is /dev/shm. `gpus` counts device files of cards, `rdma` network devices with direct
    memory access that can be used here. What could not be read is None.
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
    host_cpus: int | None = None
    container: str | None = None
    oom_kills: int | None = None
    oom_source: str | None = None
    machine_oom_kills: int | None = None
    pressure: Pressure | None = None
    swap: Swap | None = None
    throttling: CpuThrottling | None = None
    shm_size: int | None = None
    shm_used: int | None = None
    gpus: int | None = None
    rdma: int | None = None
    processes: Processes | None = None
    clock: Clock | None = None
    limits: ProcessLimits | None = None
    text: TextSettings | None = None
