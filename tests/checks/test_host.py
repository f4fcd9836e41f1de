"""Memory against the limit that really holds."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from checks.host.memory_near_limit import memory_near_limit
from ml_debugger.artifacts import HostSnapshot
from ml_debugger.artifacts.recorded import from_record
from ml_debugger.contract import Measurement, Settings, Status
from ml_debugger.testing.plant import faults
from ml_debugger.testing.twins import machine

GIB = 2**30


def judge(host: HostSnapshot) -> Status:
    outcome = memory_near_limit.run((host,), Settings({}))
    assert isinstance(outcome, Measurement)
    return memory_near_limit.limits[0].judge(outcome.values["used_share"])


def snapshot_of(workspace: Path) -> HostSnapshot:
    found = from_record(json.loads((workspace / "snapshots" / "host.json").read_text()))
    assert isinstance(found, HostSnapshot)
    return found


def test_the_clean_twin_passes_and_the_planted_fault_fails(twin: Path) -> None:
    assert judge(snapshot_of(twin)) is Status.PASS
    faults()["memory-near-limit"].plant(twin, np.random.default_rng(1))
    assert judge(snapshot_of(twin)) is Status.FAIL


@pytest.mark.parametrize(
    ("share", "status"), [(0.89, Status.PASS), (0.92, Status.WARN), (0.96, Status.FAIL)]
)
def test_levels(share: float, status: Status) -> None:
    assert judge(machine.host(np.random.default_rng(1), used_share=share)) is status


def test_without_a_limit_the_available_memory_of_the_machine_counts() -> None:
    host = replace(
        machine.host(np.random.default_rng(1)), memory_limit=None, host_memory_total=64 * GIB
    )
    assert judge(replace(host, host_memory_available=30 * GIB)) is Status.PASS
    assert judge(replace(host, host_memory_available=GIB)) is Status.FAIL


def test_a_full_host_is_no_trouble_of_a_container_with_room() -> None:
    host = replace(machine.host(np.random.default_rng(1)), host_memory_available=GIB)
    assert judge(host) is Status.PASS
