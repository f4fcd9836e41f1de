"""The twin's machine: recorded snapshots of a healthy rented box with one card."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ml_debugger.artifacts import (
    Artifact,
    Environment,
    GpuSnapshot,
    HostSnapshot,
    LargeFile,
    Leftovers,
    StorageSnapshot,
    Volume,
    VolumeSample,
)
from ml_debugger.artifacts.environment import Card, CompileCache, TorchBuild
from ml_debugger.artifacts.recorded import from_record, to_record
from ml_debugger.testing.times import same_time
from ml_debugger.testing.twins import cards, host_state, kernel

GIB = 2**30
TAKEN = "2025-06-02T06:05:00Z"


def write(folder: Path, rng: np.random.Generator) -> None:
    """Write the recorded snapshots and the log of the cards under snapshots/."""
    target = folder / "snapshots"
    target.mkdir(parents=True, exist_ok=True)
    write_snapshot(target / "gpu.json", gpu(rng))
    write_snapshot(target / "host.json", host(rng))
    write_snapshot(target / "storage.json", storage(rng))
    write_snapshot(target / "environment.json", environment())
    kernel.write_log(target)
    # numbers of their own, so that the files written later stay as they are
    pages, workstation, history = rng.spawn(3)
    write_snapshot(target / "pages.json", cards.volta_pages(pages))
    write_snapshot(target / "workstation.json", cards.workstation_fan(workstation))
    cards.write_history(target / "gpu-history.csv", cards.history(history))


def write_snapshot(file: Path, snapshot: Artifact) -> None:
    """Write the recorded form of a snapshot."""
    file.write_text(json.dumps(to_record(snapshot), indent=2) + "\n", encoding="utf-8")


def gpu(rng: np.random.Generator, count: int = 1) -> GpuSnapshot:
    """A driver that answers."""
    return GpuSnapshot(
        subject="gpu",
        path=None,
        state="answered",
        devices=tuple(cards.h100(index, rng) for index in range(count)),
        driver_version="570.124.06",
        cuda_version="12.8",
        signs=(*(f"/dev/nvidia{index}" for index in range(count)), "/dev/nvidiactl"),
        taken=TAKEN,
        attached=count,
        source="nvml",
        users=tuple(4100 + index for index in range(count)),
    )


def change_card(file: Path, **changes: Any) -> None:
    """Give the first card of a recorded snapshot other values, and the file its old times."""
    snapshot = from_record(json.loads(file.read_bytes()))
    if not isinstance(snapshot, GpuSnapshot):
        raise TypeError(f"{file} records no cards")
    first, *others = snapshot.devices
    with same_time(file):
        write_snapshot(file, replace(snapshot, devices=(replace(first, **changes), *others)))


def change_host(file: Path, **changes: Any) -> None:
    """Give a recorded snapshot of the host other values, and the file its old times."""
    snapshot = from_record(json.loads(file.read_bytes()))
    if not isinstance(snapshot, HostSnapshot):
        raise TypeError(f"{file} records no host")
    with same_time(file):
        write_snapshot(file, replace(snapshot, **changes))


def host(rng: np.random.Generator, used_share: float | None = None) -> HostSnapshot:
    """A container limited to 90 GiB on a host of 754 GiB."""
    limit, total = 90 * GIB, 754 * GIB
    share = rng.uniform(0.35, 0.55) if used_share is None else used_share
    return HostSnapshot(
        subject="host",
        path=None,
        hostname="box-17",
        cpus=32,
        cpu_quota=24.0,
        memory_limit=limit,
        memory_used=int(limit * share),
        host_memory_total=total,
        host_memory_available=int(total * rng.uniform(0.5, 0.8)),
        limit_source="/sys/fs/cgroup/memory.max",
        taken=TAKEN,
        **host_state.healthy(),
    )


def storage(rng: np.random.Generator) -> StorageSnapshot:
    """A container's disk with room, and a large network volume that is 92 percent full."""
    network = 20 * 10**12
    return StorageSnapshot(
        subject="storage",
        path=None,
        volumes=(
            Volume(
                "/",
                "overlay",
                "overlay",
                total=80 * GIB,
                free=int(rng.uniform(30, 50) * GIB),
                writable=True,
                holds=("/tmp", "/root"),
                inodes_total=5_242_880,
                inodes_free=int(rng.uniform(2e6, 4e6)),
                reads_recorded=True,
                fate="lost",
                fate_reason="the container's own disk: lost when the pod stops (RunPod)",
                write="done",
                write_bytes=4 * 2**20,
                write_rates=(float(rng.uniform(4e8, 9e8)),),
            ),
            Volume(
                "/data",
                "storage.internal:/pool",
                "nfs4",
                total=network,
                free=int(0.08 * network),
                writable=True,
                holds=("/data/trading",),
                inodes_total=600_000_000,
                inodes_free=590_000_000,
                network=True,
                reads_recorded=True,
                fate="kept",
                fate_reason="lies outside this machine (nfs4)",
                write="done",
                write_bytes=4 * 2**20,
                # a network volume in a busy moment: the best of the three counts
                write_rates=(8.5e6, float(rng.uniform(3e7, 6e7)), float(rng.uniform(3e7, 6e7))),
                past=_past(rng, int(0.08 * network)),
            ),
        ),
        taken=TAKEN,
        workspace=("/data/trading",),
        temporary=("/tmp",),
        leftovers=(
            Leftovers("/data/trading", 2, 180 * 2**20, 3.5, "/data/trading/runs/a/last.pt.tmp"),
            Leftovers("/tmp", 41, 6 * 2**20, 9.1, "/tmp/tmpk3v9x2ab"),
        ),
        large=(
            LargeFile("/data/trading/data/bars.parquet", 9 * GIB, 1.2, 0.1),
            LargeFile("/data/trading/archive/2019.parquet", 14 * GIB, 190.0, 75.0),
        ),
    )


def _past(rng: np.random.Generator, free: int) -> tuple[VolumeSample, ...]:
    """A day of checkpoints that come and are rotated away: free space goes up and down."""
    waves = 30 * GIB * (np.arange(24) % 6) + rng.uniform(0, GIB, 24)
    return tuple(
        VolumeSample(f"2025-06-01T{hour:02d}:00:00Z", int(free + 90 * GIB - waves[hour]))
        for hour in range(24)
    )


def environment(xgboost_gpu: str = "works", detail: str | None = None) -> Environment:
    """An interpreter whose torch, XGBoost and LightGBM train on the card, on two ranks."""
    packages: dict[str, Any] = {
        "xgboost": "3.2.0",
        "lightgbm": "4.6.0",
        "torch": "2.7.1",
        "polars": "2.1.0",
        "numpy": "2.4.6",
    }
    return Environment(
        subject="environment",
        path=None,
        interpreter="/opt/train/bin/python",
        python_version="3.11.7",
        packages=packages,
        xgboost_gpu=xgboost_gpu,
        xgboost_detail=detail or "the tiny fit ran on cuda:0",
        gpu_seen=True,
        taken=TAKEN,
        torch=TorchBuild(
            "2.7.1",
            cuda="12.6",
            available=True,
            architectures=("sm_50", "sm_60", "sm_70", "sm_75", "sm_80", "sm_86", "sm_90"),
            tf32_matmul=False,
            tf32_cudnn=True,
            matmul_precision="highest",
            bf16=True,
        ),
        cards=(Card("NVIDIA H100 80GB HBM3", "9.0"),),
        driver_cuda="12.8",
        lightgbm_gpu="works",
        lightgbm_detail="cuda: no CUDA in this build; gpu: the tiny fit ran",
        all_reduce="works",
        all_reduce_detail="two local processes added up over gloo",
        conflicts=(),
        caches=(
            CompileCache("cuda", "/root/.nv/ComputeCache", 0),
            CompileCache("inductor", "/tmp/torchinductor_root", 120),
        ),
        variables={
            "WORLD_SIZE": "2",
            "RANK": "0",
            "LOCAL_RANK": "0",
            "MASTER_ADDR": "10.0.0.5",
            "MASTER_PORT": "29500",
            "NCCL_SOCKET_IFNAME": "eth",
            "NCCL_DEBUG": "WARN",
        },
        interfaces=("eth0", "lo"),
        said={"set_float32_matmul_precision": "/data/trading/train.py:14"},
        framework_code={"tensorflow": "sm_60 sm_70 sm_80 sm_89 sm_90 compute_90"},
    )
