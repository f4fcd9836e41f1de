"""Volumes: space, inodes, quotas, dead mounts, lost places, old files, slow writes."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from checks.storage.disk_near_full import disk_near_full
from checks.storage.ephemeral_location import ephemeral_location
from checks.storage.inodes_near_full import inodes_near_full
from checks.storage.large_unused_file import large_unused_file
from checks.storage.poor_compression import poor_compression
from checks.storage.quota_exceeded import quota_exceeded
from checks.storage.read_only_mount import read_only_mount
from checks.storage.slow_disk import slow_disk
from checks.storage.small_files import small_files
from checks.storage.stale_mount import stale_mount
from checks.storage.temp_accumulation import temp_accumulation
from ml_debugger.artifacts import (
    Artifact,
    LargeFile,
    Leftovers,
    ParquetStore,
    Saving,
    StorageSnapshot,
    Volume,
    VolumeSample,
)
from ml_debugger.artifacts.recorded import from_record
from ml_debugger.contract import Check, Measurement, NotMeasured, Outcome, Settings, Status
from ml_debugger.testing.plant import faults
from ml_debugger.workspace.discovery import discover
from ml_debugger.workspace.parquet_stores import parquet_stores

GIB = 2**30
TB = 10**12
CHECKS = (
    disk_near_full,
    inodes_near_full,
    quota_exceeded,
    read_only_mount,
    stale_mount,
    ephemeral_location,
    temp_accumulation,
    large_unused_file,
    slow_disk,
)


def measure(check: Check, storage: Artifact) -> Outcome:
    settings = Settings({setting.name: setting.default for setting in check.settings})
    return check.run((storage,), settings)


def judge(check: Check, storage: Artifact) -> Status:
    outcome = measure(check, storage)
    if isinstance(outcome, NotMeasured):
        return Status.SKIP
    assert len(outcome.title) <= 90
    limits = {limit.name: limit for limit in check.limits}
    found = [limits[name].judge(value) for name, value in outcome.values.items()]
    return max(found, key=lambda status: status.gravity)


def recorded(workspace: Path) -> StorageSnapshot:
    found = from_record(json.loads((workspace / "snapshots" / "storage.json").read_text()))
    assert isinstance(found, StorageSnapshot)
    return found


def snapshot(*volumes: Volume, **more: Any) -> StorageSnapshot:
    return StorageSnapshot("storage", None, volumes, **more)


def disk(total: float = 100 * GIB, free: float = 60 * GIB, **more: Any) -> Volume:
    given = {"writable": True, "holds": ("/w",), **more}
    return Volume("/", "sda", "ext4", int(total), int(free), **given)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.code)
def test_the_clean_twin_passes_and_the_planted_fault_is_found(check: Check, twin: Path) -> None:
    assert judge(check, recorded(twin)) is Status.PASS
    faults()[check.name].plant(twin, np.random.default_rng(1))
    worst = Status.FAIL if any(limit.fail is not None for limit in check.limits) else Status.WARN
    assert judge(check, recorded(twin)) is worst


@pytest.mark.parametrize(
    ("total", "free", "status"),
    [
        (20 * TB, 1.6 * TB, Status.PASS),
        (20 * TB, 15 * GIB, Status.WARN),
        (20 * TB, 5 * GIB, Status.FAIL),
        (10 * GIB, 1.2 * GIB, Status.PASS),
        (10 * GIB, 0.5 * GIB, Status.WARN),
        (10 * GIB, 0.1 * GIB, Status.FAIL),
        (10 * GIB, 0, Status.FAIL),
    ],
)
def test_both_share_and_bytes_decide(total: float, free: float, status: Status) -> None:
    assert judge(disk_near_full, snapshot(disk(total, free))) is status


def test_the_worst_volume_is_told_and_read_only_images_are_left_out() -> None:
    image = Volume("/snap/core", "loop0", "squashfs", 10**8, 0, writable=False, holds=("/s",))
    foreign = Volume("/nfs", "server:/", "nfs4", 10**9, 0, writable=True)
    assert judge(disk_near_full, snapshot(disk(), image, foreign)) is Status.PASS
    full = Volume("/b", "b", "xfs", 10**9, 0, writable=True, holds=("/b/x",))
    outcome = measure(disk_near_full, snapshot(disk(), full))
    assert isinstance(outcome, Measurement)
    assert outcome.title == "/b has 0 MiB free (0 %)"


def test_volumes_that_answer_are_counted_in_words() -> None:
    for volumes, said in (
        ((disk(),), "The volume answers"),
        ((disk(), replace(disk(), mount="/b")), "All 2 volumes and mounts answer"),
    ):
        outcome = measure(stale_mount, snapshot(*volumes))
        assert isinstance(outcome, Measurement)
        assert outcome.title == said


def test_a_mount_that_does_not_answer_is_no_pass() -> None:
    stuck = Volume("/nfs", "server:/", "nfs4", problem="no answer within 5 s", holds=("/nfs/w",))
    outcome = measure(disk_near_full, snapshot(stuck))
    assert isinstance(outcome, NotMeasured)
    assert outcome.reason == "/nfs: no answer within 5 s"
    assert judge(disk_near_full, snapshot()) is Status.SKIP


def falling(hours: int, start: float, rate: float, free: float) -> Volume:
    past = tuple(
        VolumeSample(f"2025-06-02T{hour:02d}:00:00Z", int(start - rate * hour))
        for hour in range(hours)
    )
    return disk(100 * GIB, free, past=past)


@pytest.mark.parametrize(
    ("volume", "status"),
    [
        (falling(10, 65 * GIB, 5 * GIB, 15 * GIB), Status.FAIL),
        (falling(10, 55 * GIB, 2.5 * GIB, 30 * GIB), Status.WARN),
        (falling(10, 95 * GIB, 5 * GIB, 45 * GIB), Status.PASS),
        (falling(10, 32 * GIB, 0.1 * GIB, 31 * GIB), Status.PASS),
        (falling(4, 60 * GIB, 5 * GIB, 40 * GIB), Status.PASS),
    ],
    ids=["within 4 h", "within 24 h", "room", "slowly", "too few runs"],
)
def test_the_trend_of_past_runs_counts(volume: Volume, status: Status) -> None:
    storage = snapshot(volume, taken="2025-06-02T10:00:00Z")
    outcome = measure(disk_near_full, storage)
    assert isinstance(outcome, Measurement)
    assert status is Status.PASS or "full in about" in outcome.title
    assert judge(disk_near_full, storage) is status
    assert judge(disk_near_full, replace(storage, taken="some time")) is Status.PASS


@pytest.mark.parametrize(
    ("total", "free", "status"),
    [
        (10**9, 300_000, Status.PASS),
        (10**9, 150_000, Status.WARN),
        (10**9, 100_000, Status.FAIL),
        (655_360, 40_000, Status.PASS),
        (655_360, 25_000, Status.WARN),
        (655_360, 0, Status.FAIL),
        (None, None, Status.SKIP),
    ],
)
def test_inodes(total: int | None, free: int | None, status: Status) -> None:
    volume = disk(inodes_total=total, inodes_free=free)
    assert judge(inodes_near_full, snapshot(volume)) is status


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"write": "done"}, Status.PASS),
        ({"write": "no space", "inodes_free": 10}, Status.FAIL),
        ({"write": "quota"}, Status.FAIL),
        # that is the inodes' own finding
        ({"write": "no space", "inodes_free": 0}, Status.PASS),
        ({"write": "denied", "write_problem": "Permission denied"}, Status.SKIP),
        ({"write": None}, Status.SKIP),
    ],
)
def test_quota(change: dict[str, Any], status: Status) -> None:
    assert judge(quota_exceeded, snapshot(disk(**change))) is status


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({}, Status.PASS),
        ({"writable": False, "turned_read_only": True, "holds": ("/home",)}, Status.FAIL),
        ({"writable": False}, Status.WARN),
        ({"writable": False, "holds": ("/w/data",)}, Status.PASS),
        ({"writable": None}, Status.SKIP),
    ],
    ids=["writable", "turned", "root on purpose", "data on purpose", "unknown"],
)
def test_read_only(change: dict[str, Any], status: Status) -> None:
    storage = snapshot(disk(**change), workspace=("/w", "/w/data"), temporary=("/tmp",))
    assert judge(read_only_mount, storage) is status


@pytest.mark.parametrize(
    ("error", "holds", "status"),
    [
        ("ESTALE", ("/w",), Status.FAIL),
        ("ENOTCONN", (), Status.WARN),
        ("ETIMEDOUT", (), Status.WARN),
        ("EACCES", ("/w",), Status.PASS),
        ("ENOENT", ("/w",), Status.PASS),
    ],
)
def test_dead_mounts(error: str, holds: tuple[str, ...], status: Status) -> None:
    volume = Volume("/n", "server:/", "nfs4", problem="said so", error=error, holds=holds)
    assert judge(stale_mount, snapshot(disk(), volume)) is status
    assert judge(stale_mount, snapshot()) is Status.SKIP


@pytest.mark.parametrize(
    ("fate", "more", "status"),
    [
        ("lost", {}, Status.WARN),
        ("kept", {}, Status.PASS),
        (None, {}, Status.SKIP),
        ("lost", {"passing": "a CI job"}, Status.SKIP),
    ],
)
def test_lost_places(fate: str | None, more: dict[str, Any], status: Status) -> None:
    own = disk(fate=fate, fate_reason="said so")
    temporary = Volume("/tmp", "tmpfs", "tmpfs", holds=("/tmp",), fate="lost", fate_reason="mem")
    storage = snapshot(own, temporary, workspace=("/w",), temporary=("/tmp",), **more)
    assert judge(ephemeral_location, storage) is status


def test_leftovers_are_told_with_the_folder_that_a_repair_works_in() -> None:
    small, big = Leftovers("/w", 3, GIB // 2, 2.0), Leftovers("/tmp", 9, 3 * GIB, 5.0)
    storage = snapshot(disk(), workspace=("/w",), temporary=("/tmp",), leftovers=(small, big))
    outcome = measure(temp_accumulation, storage)
    assert isinstance(outcome, Measurement)
    assert outcome.title == "9 leftovers of 3.0 GiB below /tmp, the oldest 5 days old"
    assert outcome.path is None
    outcome = measure(temp_accumulation, replace(storage, leftovers=(small,)))
    assert isinstance(outcome, Measurement)
    assert outcome.path == "."
    assert judge(temp_accumulation, replace(storage, leftovers=None)) is Status.SKIP


@pytest.mark.parametrize(
    ("unread", "unwritten", "status"),
    [
        (45, 400, Status.WARN),
        (2, 400, Status.PASS),
        (45, 10, Status.PASS),
        (None, 400, Status.SKIP),
    ],
    ids=["unused", "read", "written", "noatime"],
)
def test_large_files(unread: float | None, unwritten: float, status: Status) -> None:
    file = LargeFile("/w/ticks.csv", 70 * GIB, unwritten, unread)
    storage = snapshot(disk(), workspace=("/w",), large=(file,))
    assert judge(large_unused_file, storage) is status


def test_an_archive_on_a_volume_with_room_is_no_fault() -> None:
    file = LargeFile("/w/ticks.csv", 50 * GIB, 400, 400)
    storage = snapshot(disk(), workspace=("/w",), large=(file,))
    assert judge(large_unused_file, storage) is Status.PASS
    outcome = measure(large_unused_file, storage)
    assert isinstance(outcome, Measurement)
    assert outcome.path == "ticks.csv"
    assert judge(large_unused_file, replace(storage, large=None)) is Status.SKIP
    assert judge(large_unused_file, replace(storage, large=())) is Status.PASS


@pytest.mark.parametrize(
    ("write", "rates", "status"),
    [
        ("done", (4e8,), Status.PASS),
        ("done", (3e6, 4e6, 2e6), Status.WARN),
        ("done", (3e6, 4e6, 2e7), Status.PASS),
        ("done", (3e6,), Status.SKIP),
        ("late", (), Status.WARN),
        (None, (), Status.SKIP),
    ],
    ids=["fast", "slow", "a busy moment", "one try", "never ended", "not tried"],
)
def test_rates(write: str | None, rates: tuple[float, ...], status: Status) -> None:
    volume = disk(write=write, write_rates=rates, write_bytes=4 * 2**20)
    assert judge(slow_disk, snapshot(volume)) is status


def stores_of(workspace: Path) -> list[ParquetStore]:
    return parquet_stores(discover([workspace], relative_to=workspace).found, [workspace])


@pytest.mark.parametrize("check", [poor_compression, small_files], ids=lambda check: check.code)
def test_the_twins_stores_pass_and_the_planted_store_is_found(check: Check, twin: Path) -> None:
    healthy = [judge(check, store) for store in stores_of(twin)]
    assert healthy
    assert set(healthy) == {Status.PASS}
    faults()[check.name].plant(twin, np.random.default_rng(1))
    assert [judge(check, store) for store in stores_of(twin)].count(Status.WARN) == 1


@pytest.mark.parametrize(
    ("saving", "size", "status"),
    [
        (Saving(6, 0.7, {"uncompressed": 1.0}, worst=("a.parquet", 0.7)), GIB, Status.WARN),
        (Saving(6, 0.7, {"uncompressed": 1.0}), 30 * 2**20, Status.PASS),
        (Saving(6, 0.15, {"snappy": 1.0}), 50 * GIB, Status.PASS),
        (Saving(0, 0.0, {}, problem="a.parquet: damaged"), GIB, Status.SKIP),
    ],
    ids=["uncompressed", "tiny", "a little", "unreadable"],
)
def test_a_saving_must_be_worth_it(saving: Saving, size: int, status: Status) -> None:
    store = ParquetStore("data", "data", 6, size, 0, size // 6, lambda: saving)
    assert judge(poor_compression, store) is status


@pytest.mark.parametrize(("small", "status"), [(1000, Status.PASS), (1001, Status.WARN)])
def test_small_files_are_counted(small: int, status: Status) -> None:
    store = ParquetStore("data", "data", 9000, GIB, small, 10_000, lambda: Saving(0, 0.0, {}))
    assert judge(small_files, store) is status
