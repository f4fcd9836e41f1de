"""Faults of volumes, written as recorded snapshots."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from ml_debugger.artifacts import LargeFile, Leftovers, StorageSnapshot, VolumeSample
from ml_debugger.testing.plant import fault
from ml_debugger.testing.times import same_time
from ml_debugger.testing.twins.machine import GIB, TAKEN, storage, write_snapshot


@fault("disk-near-full")
def plant_disk_near_full(workspace: Path, rng: np.random.Generator) -> str:
    """The container's own disk has hardly anything left, or will be full within the night."""
    free = int(rng.uniform(0.2, 1.0) * GIB)
    hourly = rng.uniform(2, 4) * GIB
    end = datetime.fromisoformat(TAKEN)
    past = tuple(
        VolumeSample(
            (end - timedelta(hours=hours)).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            int(free + hours * hourly + rng.uniform(0, 0.1) * GIB),
        )
        for hours in range(10, 0, -1)
    )
    _plant(workspace, rng, 0, free=free, past=past)
    return f"the volume / has {free / GIB:.1f} of 80 GiB free and loses {hourly / GIB:.1f} an hour"


@fault("inodes-near-full")
def plant_inodes_near_full(workspace: Path, rng: np.random.Generator) -> str:
    """Millions of small files have taken the inodes."""
    free = int(rng.uniform(0, 30_000))
    _plant(workspace, rng, 0, inodes_free=free)
    return f"the volume / has {free:,} of 5,242,880 inodes free"


@fault("quota-exceeded")
def plant_quota_exceeded(workspace: Path, rng: np.random.Generator) -> str:
    """The volume shows space, and a small write is refused."""
    problem = "Disk quota exceeded"
    _plant(workspace, rng, 1, write="quota", write_problem=problem, write_rates=())
    return "a write of 4 MiB on /data is refused: Disk quota exceeded"


@fault("read-only-mount")
def plant_read_only_mount(workspace: Path, rng: np.random.Generator) -> str:
    """The kernel has met errors and made the file system read-only."""
    _plant(workspace, rng, 0, writable=False, turned_read_only=True, write=None, write_rates=())
    return "the file system of / is read-only although it was mounted for writing"


@fault("stale-mount")
def plant_stale_mount(workspace: Path, rng: np.random.Generator) -> str:
    """The file server is gone."""
    problem, error = ("no answer within 5 s", "ETIMEDOUT"), ("Stale file handle", "ESTALE")
    said, name = (problem, error)[int(rng.integers(2))]
    silent = {"total": None, "free": None, "writable": None, "write": None, "write_rates": ()}
    inodes = {"inodes_total": None, "inodes_free": None}
    _plant(workspace, rng, 1, problem=said, error=name, **silent, **inodes)
    return f"the mount /data answers: {said}"


@fault("ephemeral-location")
def plant_ephemeral_location(workspace: Path, rng: np.random.Generator) -> str:
    """The workspace lies in the container's own layer."""

    def moved(snapshot: StorageSnapshot) -> StorageSnapshot:
        small, network = snapshot.volumes
        own = replace(small, holds=(*small.holds, "/root/trading"))
        away = replace(network, holds=())
        return replace(snapshot, volumes=(own, away), workspace=("/root/trading",))

    _write(workspace, rng, moved)
    return "the workspace lies at /root/trading, on the container's own disk"


@fault("temp-accumulation")
def plant_temp_accumulation(workspace: Path, rng: np.random.Generator) -> str:
    """Saves that were killed have left their files."""
    files = int(rng.integers(8, 30))
    left = Leftovers("/data/trading", files, files * 700 * 2**20, 40.0, "/data/trading/m.pt.tmp")
    _write(workspace, rng, lambda s: replace(s, leftovers=(left, *(s.leftovers or ())[1:])))
    return f"{files} files of 700 MiB that interrupted saves left"


@fault("large-unused-file")
def plant_large_unused_file(workspace: Path, rng: np.random.Generator) -> str:
    """Exports of last year take more than is free."""
    size = int(rng.uniform(1.7, 2.5) * 10**12)
    old = LargeFile("/data/trading/exports/ticks.csv", size, 400.0, 380.0)
    _write(workspace, rng, lambda s: replace(s, large=(old, *(s.large or ()))))
    return f"a file of {size / 1e12:.1f} TB that nobody read for a year, where 1.6 TB are free"


@fault("slow-disk")
def plant_slow_disk(workspace: Path, rng: np.random.Generator) -> str:
    """The network volume writes at the pace of a memory card."""
    rates = tuple(float(rate) for rate in rng.uniform(1e6, 5e6, 3))
    _plant(workspace, rng, 1, write_rates=rates)
    return f"three writes on /data at {max(rates) / 1e6:.1f} MB/s at most"


@fault("poor-compression")
def plant_poor_compression(workspace: Path, rng: np.random.Generator) -> str:
    """Quotes are written without compression."""
    import polars as pl

    rows = 3_000_000
    bid = np.round(100 + 0.01 * np.cumsum(rng.integers(-1, 2, rows)), 2)
    ask = bid + 0.01 * rng.integers(1, 5, rows)
    nanoseconds = 1_000 * np.arange(rows) + rng.integers(0, 900, rows)
    folder = workspace / "data" / "quotes"
    folder.mkdir(parents=True)
    frame = pl.DataFrame({"since_open": nanoseconds, "bid": bid, "ask": ask})
    frame.write_parquet(folder / "quotes.parquet", compression="uncompressed")
    size = (folder / "quotes.parquet").stat().st_size
    return f"{size / 2**20:.0f} MiB of quotes are written without compression"


@fault("small-files")
def plant_small_files(workspace: Path, rng: np.random.Generator) -> str:
    """A file for each minute of some days."""
    import polars as pl

    files, days = 5_040, 7
    first = workspace / "data" / "minutes" / "day=1" / "part-0.parquet"
    for number in range(files):
        file = first.parent.parent / f"day={number % days + 1}" / f"part-{number}.parquet"
        file.parent.mkdir(parents=True, exist_ok=True)
        if number == 0:
            values = {"minute": np.arange(60), "imbalance": rng.normal(size=60)}
            pl.DataFrame(values).write_parquet(first)
        else:
            # one content under many names: what counts is their number
            file.hardlink_to(first)
    return f"{files:,} files of 60 rows each"


def _plant(workspace: Path, rng: np.random.Generator, number: int, **changes: Any) -> None:
    """Change one volume of the twin's two."""

    def changed(snapshot: StorageSnapshot) -> StorageSnapshot:
        volumes = list(snapshot.volumes)
        volumes[number] = replace(volumes[number], **changes)
        return replace(snapshot, volumes=tuple(volumes))

    _write(workspace, rng, changed)


def _write(
    workspace: Path,
    rng: np.random.Generator,
    change: Callable[[StorageSnapshot], StorageSnapshot],
) -> None:
    file = workspace / "snapshots" / "storage.json"
    with same_time(file):
        write_snapshot(file, change(storage(rng)))
