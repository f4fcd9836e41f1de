"""Lost cards, PCIe, NVLink, MIG and persistence mode."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from checks.gpu.gpu_lost import gpu_lost
from checks.gpu.mig_mode import mig_mode
from checks.gpu.nvlink_fault import nvlink_fault
from checks.gpu.pcie_degraded import pcie_degraded
from checks.gpu.persistence_off import persistence_off
from ml_debugger.artifacts import (
    Expectations,
    GpuDevice,
    GpuLinks,
    GpuSnapshot,
    KernelEvent,
    KernelLog,
)
from ml_debugger.contract import Measurement, NotMeasured, Status
from tests.checks.gpu_boxes import A6000, GAMING, MIG_A100, T4, box, expecting, h100s, one
from tests.checks.run_judging import measured, status

LOST = GpuDevice(3, "unknown", problem="GPU is lost")


def log(*events: KernelEvent) -> KernelLog:
    return KernelLog("kernel log", None, events, 900)


def xid(code: int, text: str = "", device: str = "PCI:0000:3b:00", line: int = 7) -> KernelEvent:
    return KernelEvent(
        "xid", text or f"NVRM: Xid ({device}): {code}", line, code=code, device=device
    )


@pytest.mark.parametrize(
    ("snapshot", "expected"),
    [
        (box(*h100s(8)), Status.PASS),
        (box(*h100s(3), LOST), Status.FAIL),
        (box(*h100s(7), attached=8, source="nvidia-smi"), Status.FAIL),
        (box(*h100s(7), attached=8, source="nvidia-smi -q"), Status.SKIP),
        (box(*h100s(3), LOST, attached=8, source="nvidia-smi -q"), Status.FAIL),
        (box(*h100s(1, problems=("Addressing Mode: Unknown Error",))), Status.PASS),
        (box(*h100s(1), replace(LOST, problem="Insufficient Permissions")), Status.PASS),
        (one(recovery_action="Reboot"), Status.FAIL),
        (one(recovery_action="Bus Reset"), Status.FAIL),
        (one(recovery_action="Drain and Reset"), Status.WARN),
        (one(recovery_action="Drain P2P"), Status.PASS),
        (box(), Status.SKIP),
        (
            GpuSnapshot(
                "gpu",
                None,
                "unreachable",
                detail="Unable to determine the device handle for GPU 0000:02:00.0: GPU is lost",
            ),
            Status.FAIL,
        ),
    ],
)
def test_lost_cards(snapshot: GpuSnapshot, expected: Status) -> None:
    assert status(gpu_lost, snapshot) is expected


def test_seven_cards_are_named_beside_the_lost_one() -> None:
    outcome = measured(gpu_lost, box(*h100s(3), LOST))
    assert isinstance(outcome, Measurement)
    assert outcome.title == "GPU 3 does not answer: GPU is lost"
    assert [(e.name, e.value) for e in outcome.evidence] == [
        ("problem", "GPU is lost"),
        ("answering", "GPUs 0-2"),
    ]


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ((), Status.PASS),
        ((xid(79),), Status.FAIL),
        (
            (KernelEvent("off-bus", "GPU has fallen off the bus.", 3, device="0000:3b:00.0"),),
            Status.FAIL,
        ),
        ((xid(31), xid(63)), Status.PASS),
    ],
)
def test_cards_that_fell_off_the_bus(events: tuple[KernelEvent, ...], expected: Status) -> None:
    assert status(gpu_lost, log(*events)) is expected


def test_the_lines_of_one_card_in_several_forms_are_one_card() -> None:
    forms = (
        xid(79, device="PCI:0000:3b:00"),
        KernelEvent("off-bus", "fallen off", 8, device="0000:3B:00.0"),
        KernelEvent("off-bus", "fallen off", 9, device="00000000:3b:00.0"),
    )
    outcome = measured(gpu_lost, log(*forms))
    assert isinstance(outcome, Measurement)
    assert outcome.values == {"lost": 1}
    assert outcome.title == "GPU 0000:3b:00 fell off the bus"
    assert outcome.line == 7


def connected(card: GpuDevice, **changes: Any) -> GpuDevice:
    return replace(card, connection=replace(card.connection, **changes))


BUSY_4090 = replace(GAMING, utilisation=97.0, connection=GpuLinks(4, 4, 16, 16, 0))


@pytest.mark.parametrize(
    ("cards", "expected"),
    [
        ([BUSY_4090], Status.PASS),
        ([GAMING], Status.PASS),
        ([T4], Status.PASS),
        ([connected(BUSY_4090, width=8)], Status.PASS),
        ([connected(BUSY_4090, width=4)], Status.WARN),
        ([connected(BUSY_4090, generation=3)], Status.WARN),
        ([connected(GAMING, generation=1)], Status.PASS),
        ([BUSY_4090, connected(replace(BUSY_4090, index=1), width=8)], Status.WARN),
        ([BUSY_4090, replace(T4, index=1)], Status.PASS),
        ([connected(BUSY_4090, replays=120)], Status.PASS),
        ([connected(BUSY_4090, replays=22_000)], Status.PASS),
        ([connected(BUSY_4090, replays=23_000)], Status.WARN),
        ([replace(GAMING, connection=GpuLinks())], Status.SKIP),
    ],
)
def test_pcie(cards: list[GpuDevice], expected: Status) -> None:
    assert status(pcie_degraded, box(*cards)) is expected


def test_half_of_the_lanes_is_told() -> None:
    outcome = measured(pcie_degraded, box(T4))
    assert isinstance(outcome, Measurement)
    assert outcome.title == "GPU 0: x8 of x16 by board or slot, or half of the lanes lost"


def linked(count: int, at: int, **changes: Any) -> GpuSnapshot:
    cards = h100s(count)
    cards[at] = connected(cards[at], **changes)
    return box(*cards)


@pytest.mark.parametrize(
    ("snapshot", "expected"),
    [
        (linked(8, 0), Status.PASS),
        (linked(8, 2, links_down=1), Status.FAIL),
        (linked(1, 0, links_down=3), Status.FAIL),
        (linked(8, 2, links_down=18), Status.FAIL),
        (linked(1, 0, links_down=18), Status.PASS),
        (linked(8, 2, fabric="In Progress", fabric_status=None), Status.WARN),
        (linked(8, 2, fabric="Not Started", fabric_status=None), Status.FAIL),
        (linked(8, 2, fabric_status="Insufficient Resources"), Status.FAIL),
        (linked(8, 2, link_errors=999), Status.PASS),
        (linked(8, 2, link_errors=1_500), Status.WARN),
        (linked(1, 0, link_errors=1_500), Status.PASS),
        (box(connected(A6000, links_down=0), connected(A6000, links_down=0)), Status.PASS),
        (box(A6000, connected(replace(A6000, index=1), links_down=0)), Status.FAIL),
        (box(MIG_A100), Status.PASS),
        (box(T4), Status.SKIP),
        (one(recovery_action="Drain P2P"), Status.WARN),
    ],
)
def test_nvlink(snapshot: GpuSnapshot, expected: Status) -> None:
    assert status(nvlink_fault, snapshot) is expected


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (xid(74, "NVLink: fatal error detected on link 3"), Status.FAIL),
        (xid(149, "NETIR_LINK_EVT  Fatal   XC0 i0 Link 01"), Status.FAIL),
        (xid(145, "RLW_REMAP Nonfatal XC0 i0 Link 12"), Status.WARN),
        (
            KernelEvent("sxid", "SXid 20034, Fatal, Link 46 LTSSM Fault Up", 2, code=20034),
            Status.FAIL,
        ),
        (KernelEvent("sxid", "SXid 12028, Non-fatal, Link 61 egress", 2, code=12028), Status.PASS),
        (xid(94), Status.PASS),
    ],
)
def test_nvlink_in_the_kernel_log(event: KernelEvent, expected: Status) -> None:
    assert status(nvlink_fault, log(event)) is expected


def test_a_switch_error_is_named_with_its_number() -> None:
    event = KernelEvent("sxid", "SXid 20034, Fatal, Link 46", 2, device="0000:c1:00", code=20034)
    outcome = measured(nvlink_fault, log(event))
    assert isinstance(outcome, Measurement)
    assert outcome.title == "NVLink error in the kernel log: SXid 20034 on 0000:c1:00"


WHOLE = h100s(1)[0]


@pytest.mark.parametrize(
    ("card", "wish", "expected"),
    [
        (WHOLE, None, Status.PASS),
        (WHOLE, expecting(gpus=1), Status.PASS),
        (WHOLE, expecting(gpu_mig=True), Status.FAIL),
        (MIG_A100, None, Status.PASS),
        (MIG_A100, expecting(), Status.PASS),
        (MIG_A100, expecting(gpus=1), Status.WARN),
        (MIG_A100, expecting(gpu_memory_gb=40.0), Status.WARN),
        (MIG_A100, expecting(gpus=1, gpu_mig=True), Status.PASS),
        (MIG_A100, expecting(gpu_mig=False), Status.FAIL),
        (replace(WHOLE, mig_pending=True), None, Status.WARN),
        (GAMING, expecting(gpu_mig=False), Status.SKIP),
    ],
)
def test_mig(card: GpuDevice, wish: Expectations | None, expected: Status) -> None:
    assert status(mig_mode, box(card), wish) is expected


def test_persistence_is_information_unless_it_is_asked_for() -> None:
    off = box(replace(WHOLE, persistence=False))
    outcome = measured(persistence_off, off, expecting())
    assert isinstance(outcome, Measurement)
    assert outcome.title == "Persistence mode is off: GPU 0 (information)"
    assert status(persistence_off, off, expecting()) is Status.PASS
    assert status(persistence_off, off, expecting(gpu_persistence=True)) is Status.WARN
    assert isinstance(measured(persistence_off, box(replace(WHOLE, persistence=None))), NotMeasured)
