"""Snapshots of the machine, as probes take them and as recorded files hold them."""

from __future__ import annotations

from dataclasses import dataclass

from ml_debugger.artifacts.base import Artifact


@dataclass(frozen=True, slots=True)
class GpuDevice:
    """One card. Memory in bytes, utilisation in percent; None where the driver does not say."""

    index: int
    name: str
    uuid: str | None = None
    memory_total: int | None = None
    memory_used: int | None = None
    utilisation: float | None = None
    temperature: float | None = None
    power_watts: float | None = None
    problem: str | None = None


@dataclass(frozen=True, eq=False)
class GpuSnapshot(Artifact):
    """What the NVIDIA driver answered.

    `state` is "answered" (the driver was asked and named its cards, perhaps none), "absent"
    (there is no sign of a driver or card on this machine) or "unreachable" (there is a sign of
    one, but it did not answer: library missing, version mismatch, time-out). `signs` lists
    what speaks for a card, such as device files. `detail` is the driver's own message.
    """

    state: str
    devices: tuple[GpuDevice, ...] = ()
    driver_version: str | None = None
    cuda_version: str | None = None
    signs: tuple[str, ...] = ()
    detail: str | None = None
    taken: str | None = None


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


@dataclass(frozen=True, slots=True)
class Volume:
    """One mounted file system or one path on it. Bytes; None where it gave no answer."""

    mount: str
    device: str | None = None
    kind: str | None = None
    total: int | None = None
    free: int | None = None
    writable: bool | None = None
    problem: str | None = None
    holds: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class StorageSnapshot(Artifact):
    """The file systems that the workspace, the temporary folder and the home lie on."""

    volumes: tuple[Volume, ...]
    taken: str | None = None


@dataclass(frozen=True, eq=False)
class Environment(Artifact):
    """The Python interpreter that trains, asked in a child process.

    `xgboost_gpu` is "works", "fails" (with `xgboost_detail`) or None where XGBoost is missing
    or was not tried.
    """

    interpreter: str
    python_version: str | None
    packages: dict[str, str]
    xgboost_gpu: str | None = None
    xgboost_detail: str | None = None
    gpu_seen: bool | None = None
    problem: str | None = None
    taken: str | None = None
