"""Clock readings of past runs come back with the next snapshot of the same start."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ml_debugger.artifacts import HostSnapshot
from ml_debugger.artifacts.host import Clock, ClockReading
from ml_debugger.runtime.clock_history import MOST, SCHEMA, keep_clock, with_past_clocks
from ml_debugger.runtime.history import History
from ml_debugger.testing.twins import machine


def host(boottime: float, boot: str | None = "start") -> HostSnapshot:
    clock = Clock(ClockReading(1_000.0 + boottime, boottime, boot))
    return replace(machine.host(np.random.default_rng(1)), clock=clock)


@pytest.fixture
def history(tmp_path: Path) -> Path:
    return tmp_path / "history.sqlite"


def keep(history: Path, *hosts: HostSnapshot) -> None:
    with sqlite3.connect(history) as database:
        database.executescript(SCHEMA)
        for number, one in enumerate(hosts):
            keep_clock(database, f"run-{number}", one)
    database.close()


def past(history: Path, now: HostSnapshot) -> list[float]:
    found = with_past_clocks(now, history)
    assert found.clock is not None
    return [reading.boottime for reading in found.clock.past]


def test_earlier_readings_come_back_in_order(history: Path) -> None:
    keep(history, host(10.0), host(30.0), host(20.0))
    assert past(history, host(25.0)) == [10.0, 20.0]


def test_another_start_of_the_machine_begins_anew(history: Path) -> None:
    keep(history, host(10.0, "old"), host(5.0, "new"))
    assert past(history, host(40.0, "old")) == []
    assert past(history, host(40.0, "new")) == [5.0]


def test_few_readings_are_kept(history: Path) -> None:
    keep(history, *(host(float(n)) for n in range(MOST + 20)))
    assert past(history, host(1e6)) == [float(n) for n in range(20, MOST + 20)]


def test_without_a_history_or_a_clock_the_snapshot_stays(history: Path) -> None:
    now = host(10.0)
    assert with_past_clocks(now, history) is now
    assert with_past_clocks(replace(now, clock=None), history).clock is None
    keep(history, host(5.0, None))
    assert past(history, host(10.0)) == []
    history.write_bytes(b"no database at all, but long enough to be looked at as one" * 40)
    assert with_past_clocks(now, history) is now


def test_the_store_of_runs_has_the_table(history: Path) -> None:
    History(history)
    keep(history, host(1.0))
    assert past(history, host(2.0)) == [1.0]
