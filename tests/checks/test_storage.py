"""Free space against a floor of percent and bytes."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from checks.storage.disk_near_full import disk_near_full
from ml_debugger.artifacts import StorageSnapshot, Volume
from ml_debugger.artifacts.recorded import from_record
from ml_debugger.contract import Measurement, NotMeasured, Outcome, Settings, Status
from ml_debugger.testing.plant import faults

GIB = 2**30
TB = 10**12


def measure(*volumes: Volume) -> Outcome:
    settings = Settings({setting.name: setting.default for setting in disk_near_full.settings})
    return disk_near_full.run((StorageSnapshot("storage", None, volumes),), settings)


def judge(*volumes: Volume) -> Status:
    outcome = measure(*volumes)
    assert isinstance(outcome, Measurement)
    return disk_near_full.limits[0].judge(outcome.values["free_to_floor"])


def volumes_of(workspace: Path) -> tuple[Volume, ...]:
    found = from_record(json.loads((workspace / "snapshots" / "storage.json").read_text()))
    assert isinstance(found, StorageSnapshot)
    return found.volumes


def disk(total: float, free: float, **more: object) -> Volume:
    return Volume("/", "sda", "ext4", int(total), int(free), **{"writable": True, **more})  # type: ignore[arg-type]


def test_the_clean_twin_passes_and_the_planted_fault_fails(twin: Path) -> None:
    assert judge(*volumes_of(twin)) is Status.PASS
    faults()["disk-near-full"].plant(twin, np.random.default_rng(1))
    assert judge(*volumes_of(twin)) is Status.FAIL


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
    assert judge(disk(total, free)) is status


def test_the_worst_volume_is_told_and_read_only_images_are_left_out() -> None:
    image = Volume("/snap/core", "loop0", "squashfs", 10**8, 0, writable=False)
    assert judge(disk(100 * GIB, 60 * GIB), image) is Status.PASS
    outcome = measure(disk(100 * GIB, 60 * GIB), Volume("/b", "b", "xfs", 10**9, 0, writable=True))
    assert isinstance(outcome, Measurement)
    assert outcome.title == "/b has 0 MiB free (0 %)"


def test_a_mount_that_does_not_answer_is_no_pass() -> None:
    stuck = Volume("/nfs", "server:/", "nfs4", problem="no answer within 5 s")
    outcome = measure(stuck)
    assert isinstance(outcome, NotMeasured)
    assert outcome.reason == "/nfs: no answer within 5 s"
    assert isinstance(measure(), NotMeasured)
