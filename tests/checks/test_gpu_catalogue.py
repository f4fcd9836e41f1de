"""Every check of cards: it fires on its planted fault, passes on the twin, and leaves healthy
boxes and unreachable drivers alone."""

from __future__ import annotations

import importlib
import pkgutil
from pathlib import Path

import numpy as np
import pytest

import checks.gpu
from ml_debugger.artifacts import Artifact, Expectations, GpuHistory, GpuSnapshot, KernelLog
from ml_debugger.contract import Check, Measurement, NotMeasured, Status
from ml_debugger.readers.opening import open_file
from ml_debugger.testing.plant import faults
from tests.checks.gpu_boxes import ABSENT, HEALTHY, UNREACHABLE, expecting
from tests.checks.run_judging import measured, status

ELSEWHERE = {"gpu-missing", "driver-unreachable"}
ABOUT_SIGNS = {"driver-unreachable", "xid-error"}
WARNING = {
    *("vram-near-full", "vram-orphaned", "ecc-correctable-rate", "row-remap", "pcie-degraded"),
    *("persistence-off", "gpu-idle-while-training", "uneven-load"),
}
TWIN = expecting(
    gpus=1,
    gpu_training=True,
    gpu_memory_gb=80.0,
    gpu_name="H100",
    gpu_mig=False,
    gpu_persistence=True,
)


def all_checks() -> dict[str, Check]:
    found = {}
    for module in pkgutil.iter_modules(checks.gpu.__path__):
        members = vars(importlib.import_module(f"checks.gpu.{module.name}")).values()
        found.update({one.name: one for one in members if isinstance(one, Check)})
    return found


CHECKS = all_checks()
OURS = sorted(
    name
    for name, check in CHECKS.items()
    if name not in ELSEWHERE and {GpuSnapshot, GpuHistory} & set(check.subjects)
)


def subjects_in(workspace: Path, check: Check) -> list[Artifact]:
    files = sorted((workspace / "snapshots").iterdir())
    found = [a for f in files for a in open_file(f, f.name, named=True, suspect=False)]
    return [a for a in found if type(a) in check.subjects]


def gravest(workspace: Path, name: str, expected: Expectations = TWIN) -> Status:
    check = CHECKS[name]
    return max(
        (_judged(check, subject, expected) for subject in subjects_in(workspace, check)),
        key=lambda one: (one is not Status.SKIP, one.gravity),
    )


def _judged(check: Check, subject: Artifact, expected: Expectations) -> Status:
    partners = [expected for need in check.needs[1:] if need.kind is Expectations]
    return status(check, subject, *partners)


@pytest.mark.parametrize("name", OURS)
def test_it_passes_on_the_twin_and_fires_on_its_fault(name: str, twin: Path) -> None:
    assert gravest(twin, name) is Status.PASS
    before = {f: f.stat().st_mtime_ns for f in twin.rglob("*") if f.is_file()}
    told = faults()[name].plant(twin, np.random.default_rng(3))
    assert told
    assert {f: f.stat().st_mtime_ns for f in twin.rglob("*") if f.is_file()} == before
    claimed = expecting(gpu_memory_gb=192.0) if name == "memory-claim-wrong" else TWIN
    expected = Status.WARN if name in WARNING else Status.FAIL
    assert gravest(twin, name, claimed) is expected


@pytest.mark.parametrize("box", HEALTHY)
@pytest.mark.parametrize("name", OURS)
def test_healthy_boxes_are_left_alone(name: str, box: str) -> None:
    check = CHECKS[name]
    if GpuSnapshot not in check.subjects:
        return
    for expected in (None, expecting()):
        partners = [expected for need in check.needs[1:] if need.kind is Expectations]
        outcome = measured(check, HEALTHY[box], *partners)
        told = outcome.title if isinstance(outcome, Measurement) else ""
        seen = status(check, HEALTHY[box], *partners)
        assert seen in (Status.PASS, Status.SKIP), told
        assert len(told) <= 90


@pytest.mark.parametrize("snapshot", [ABSENT, UNREACHABLE], ids=["absent", "unreachable"])
@pytest.mark.parametrize("name", sorted(set(OURS) - ABOUT_SIGNS))
def test_what_could_not_be_asked_is_no_pass(name: str, snapshot: GpuSnapshot) -> None:
    check = CHECKS[name]
    if GpuSnapshot in check.subjects:
        partners = [TWIN for need in check.needs[1:] if need.kind is Expectations]
        assert isinstance(measured(check, snapshot, *partners), NotMeasured)


@pytest.mark.parametrize("name", ["gpu-lost", "nvlink-fault"])
def test_an_unreadable_or_empty_kernel_log_is_no_pass(name: str) -> None:
    for log in (
        KernelLog("kernel log", None, (), 0, problem="Operation not permitted"),
        KernelLog("kernel log", None, (), 0),
    ):
        assert isinstance(measured(CHECKS[name], log), NotMeasured)
