"""Xids by class: what fails, what warns, and what only accompanies another one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from checks.gpu.xid_error import xid_error
from ml_debugger.artifacts import KernelEvent, KernelLog
from ml_debugger.contract import Measurement, NotMeasured, Outcome, Settings, Status
from ml_debugger.readers.opening import open_file
from ml_debugger.testing.plant import faults

PASS, WARN, FAIL, SKIP = Status.PASS, Status.WARN, Status.FAIL, Status.SKIP
TIME = "2025-06-02T05:00:00Z"


def outcome_of(log: KernelLog) -> Outcome:
    return xid_error.run((log,), Settings({s.name: s.default for s in xid_error.settings}))


def judge(log: KernelLog) -> tuple[Status, str]:
    outcome = outcome_of(log)
    if isinstance(outcome, NotMeasured):
        return SKIP, outcome.reason
    assert isinstance(outcome, Measurement)
    found = [limit.judge(outcome.values[limit.name]) for limit in xid_error.limits]
    return max(found, key=lambda status: status.gravity), outcome.title


def kernel(*events: KernelEvent) -> KernelLog:
    return KernelLog("kern.log", "kern.log", events, 900, ended="2025-06-02T06:00:00Z")


def xid(code: int, last: str = TIME, device: str = "0000:01:00", **more: Any) -> KernelEvent:
    return KernelEvent("xid", "NVRM: Xid", 12, 1, code, device, None, last, last, **more)


@pytest.mark.parametrize(
    ("events", "status", "said"),
    [
        ((), PASS, "No Xid in 900 lines of the kernel"),
        ((xid(13),), WARN, "Xid 13 on 0000:01:00: graphics engine exception; restart the app"),
        ((xid(31), xid(43)), WARN, "GPU memory page fault"),
        ((xid(94),), WARN, "contained memory error"),
        ((xid(43),), PASS, "Xid 43 on 0000:01:00, which needs nothing done"),
        ((xid(45),), PASS, "which needs nothing done"),
        ((xid(92), xid(93), xid(121)), PASS, "which needs nothing done"),
        ((xid(63),), WARN, "reset the card at the next stop"),
        ((xid(64),), FAIL, "memory remapping failed"),
        ((xid(48), xid(45)), FAIL, "double-bit ECC error"),
        ((xid(95),), FAIL, "uncontained memory error"),
        ((xid(79),), FAIL, "GPU has fallen off the bus; restart the machine"),
        ((xid(119),), FAIL, "GSP does not answer; stop its users and reset the card"),
        ((xid(54),), FAIL, "connect the auxiliary power"),
        ((xid(74),), FAIL, "NVLink error"),
        ((xid(149, detail="fatal"),), FAIL, "fatal NVLink event"),
        ((xid(149, detail="non-fatal"),), WARN, "non-fatal NVLink event"),
        ((xid(999),), WARN, "of no known meaning; report it"),
        ((xid(154, detail="Node Reboot Required"),), FAIL, "restart the machine"),
        ((xid(154, detail="GPU Reset Required"),), FAIL, "reset the card"),
        ((xid(154, detail="Drain P2P"),), WARN, "let the jobs end"),
        ((xid(154, detail="None"),), PASS, "nothing done"),
        ((xid(13), xid(79, device="0000:02:00")), FAIL, "Xid 79 on 0000:02:00 and 1 more"),
        ((KernelEvent("off-bus", "x", 3, device="0000:9b:00"),), FAIL, "no Xid on 0000:9b:00"),
        ((KernelEvent("sxid", "x", 3, code=24007, detail="fatal"),), FAIL, "SXid 24007 on an un"),
        ((KernelEvent("sxid", "x", 3, code=12028, detail="non-fatal"),), PASS, "nothing done"),
        ((KernelEvent("nvlink", "x", 3), KernelEvent("oom-kill", "x", 3)), PASS, "No Xid"),
    ],
)
def test_classes(events: tuple[KernelEvent, ...], status: Status, said: str) -> None:
    seen, words = judge(kernel(*events))
    assert seen is status
    assert said in words


@pytest.mark.parametrize(
    ("events", "status"),
    [
        ((xid(79, restarts=1),), WARN),
        ((xid(13, restarts=1),), PASS),
        ((xid(79, "2025-05-02T05:00:00Z"),), WARN),
        ((xid(31, "2025-05-02T05:00:00Z"),), PASS),
        # what no restart takes away, and what came again after one
        ((xid(64, restarts=1),), FAIL),
        ((xid(79, restarts=1), xid(79)), FAIL),
        ((xid(48, restarts=2), xid(48, restarts=1)), FAIL),
    ],
)
def test_what_a_restart_or_time_has_passed(events: tuple[KernelEvent, ...], status: Status) -> None:
    assert judge(kernel(*events))[0] is status


def test_the_lost_card_is_told_once() -> None:
    again = KernelEvent("off-bus", "x", 13, device="0000:01:00")
    outcome = outcome_of(kernel(xid(79), again))
    assert isinstance(outcome, Measurement)
    assert outcome.values == {"grave": 1, "to_look_at": 0}


def test_the_evidence_names_class_count_and_process() -> None:
    event = KernelEvent("xid", "x", 12, 197, 13, "0000:38:00", "python", TIME, TIME)
    outcome = outcome_of(kernel(event))
    assert isinstance(outcome, Measurement)
    (evidence,) = outcome.evidence
    assert (evidence.name, evidence.where) == ("xid_13", "0000:38:00, line 12")
    assert evidence.value == (
        "application fault; graphics engine exception; 197 lines; process python; " + TIME
    )


def test_a_log_that_cannot_be_read_is_never_a_pass() -> None:
    log = KernelLog("kernel log", None, (), 0, "not readable: /dev/kmsg: Operation not permitted")
    status, reason = judge(log)
    assert status is SKIP
    assert reason == "kernel log not readable: /dev/kmsg: Operation not permitted"


def test_the_clean_twin_passes_and_the_planted_fault_fails(twin: Path) -> None:
    file = twin / "snapshots" / "kern.log"
    for status in (PASS, FAIL):
        log = next(a for a in open_file(file, "kern.log", named=True) if isinstance(a, KernelLog))
        assert judge(log)[0] is status
        faults()["xid-error"].plant(twin, np.random.default_rng(1))
