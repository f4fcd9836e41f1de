"""Missing cards and a driver that does not answer."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from checks.gpu.driver_unreachable import driver_unreachable
from checks.gpu.gpu_missing import gpu_missing
from ml_debugger.artifacts import Expectations, GpuDevice, GpuSnapshot
from ml_debugger.artifacts.recorded import from_record
from ml_debugger.contract import Check, Measurement, NotMeasured, Settings, Status
from ml_debugger.testing.plant import faults
from ml_debugger.testing.twins import machine


def judge(check: Check, *subjects: object) -> tuple[Status, str]:
    """Status, and the title or reason."""
    outcome = check.run(subjects, Settings({}))  # type: ignore[arg-type]
    if isinstance(outcome, NotMeasured):
        return Status.SKIP, outcome.reason
    assert isinstance(outcome, Measurement)
    (limit,) = check.limits
    return limit.judge(outcome.values[limit.name]), outcome.title


def expecting(gpus: int | None = None, gpu_training: bool | None = None) -> Expectations:
    return Expectations(
        "configuration", None, date(2025, 6, 2), gpus=gpus, gpu_training=gpu_training
    )


def snapshot_of(workspace: Path) -> GpuSnapshot:
    found = from_record(json.loads((workspace / "snapshots" / "gpu.json").read_text()))
    assert isinstance(found, GpuSnapshot)
    return found


def cards(count: int, lost: int = 0) -> GpuSnapshot:
    good = machine.gpu(np.random.default_rng(1), count)
    bad = tuple(GpuDevice(count + n, "unknown", problem="GPU is lost") for n in range(lost))
    return GpuSnapshot("gpu", None, "answered", (*good.devices, *bad))


ABSENT = GpuSnapshot("gpu", None, "absent")


def test_the_clean_twin_passes(twin: Path) -> None:
    assert judge(gpu_missing, snapshot_of(twin), expecting(1, True))[0] is Status.PASS
    assert judge(driver_unreachable, snapshot_of(twin))[0] is Status.PASS


@pytest.mark.parametrize(
    ("fault", "missing", "driver"),
    [
        ("gpu-missing", Status.FAIL, Status.PASS),
        ("driver-unreachable", Status.SKIP, Status.FAIL),
    ],
)
def test_the_planted_faults_fail(fault: str, missing: Status, driver: Status, twin: Path) -> None:
    faults()[fault].plant(twin, np.random.default_rng(1))
    assert judge(gpu_missing, snapshot_of(twin), expecting(1, True))[0] is missing
    assert judge(driver_unreachable, snapshot_of(twin))[0] is driver


@pytest.mark.parametrize(
    ("snapshot", "expected", "status", "said"),
    [
        (cards(8), expecting(8), Status.PASS, "8 GPUs answering, 8 expected"),
        (cards(7, lost=1), expecting(8), Status.FAIL, "7 GPUs answering, 8 expected"),
        (cards(9), expecting(8), Status.PASS, "9 GPUs answering, 8 expected"),
        (cards(1), expecting(gpu_training=True), Status.PASS, "1 GPU answering, 1 expected"),
        (ABSENT, expecting(gpu_training=True), Status.FAIL, "0 GPUs answering, 1 expected"),
        (ABSENT, expecting(0, True), Status.PASS, "0 GPUs answering, 0 expected"),
        (ABSENT, expecting(gpu_training=False), Status.SKIP, "expects no number"),
        (ABSENT, None, Status.SKIP, "expects no number"),
        (cards(4), expecting(), Status.SKIP, "4 GPUs answering"),
    ],
)
def test_cards_are_counted_against_the_expectation(
    snapshot: GpuSnapshot, expected: Expectations | None, status: Status, said: str
) -> None:
    seen, words = judge(gpu_missing, snapshot, expected)
    assert seen is status
    assert said in words


def test_a_machine_without_a_card_is_never_a_pass() -> None:
    seen, reason = judge(driver_unreachable, ABSENT)
    assert (seen, reason) == (Status.SKIP, "no sign of an NVIDIA GPU on this machine")
