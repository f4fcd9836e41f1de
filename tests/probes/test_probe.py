"""Probes run side by side as child processes; a hanging one costs its deadline."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence

import pytest

from ml_debugger.artifacts import GpuSnapshot, HostSnapshot, StorageSnapshot
from ml_debugger.artifacts.recorded import to_record
from ml_debugger.probes import probe
from ml_debugger.probes.probe import ProbeFailure, take

ANSWER = json.dumps(to_record(GpuSnapshot("gpu", None, state="absent")))
SCRIPTS = {
    "good": f"print('''{ANSWER}''')",
    "slow_end": f"import time; print('''{ANSWER}''', flush=True); time.sleep(20)",
    "hanging": "import time; time.sleep(20)",
    "deaf": "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
    "print('', end='', flush=True); time.sleep(20)",
    "crashing": "raise SystemExit(7)",
    "killed": "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)",
    "talking": "print('no JSON at all')",
    "wrong": 'print(\'{"schema": "ml-debugger/gpu-snapshot/1"}\')',
}

Command = Callable[[str, Sequence[str]], list[str]]


@pytest.fixture
def command() -> Command:
    return lambda name, _: [sys.executable, "-S", "-c", SCRIPTS[name]]


def test_the_real_probes_answer() -> None:
    results = take(("gpu", "host", "storage"), 60, arguments={"storage": ["/"]})
    assert [type(result) for result in results] == [GpuSnapshot, HostSnapshot, StorageSnapshot]


def test_results_stand_in_the_order_of_the_names(command: Command) -> None:
    first, second, third = take(("crashing", "good", "talking"), 30, command=command)
    assert isinstance(second, GpuSnapshot)
    assert isinstance(first, ProbeFailure)
    assert first.reason == "ended without an answer, exit code 7"
    assert isinstance(third, ProbeFailure)
    assert third.reason == "ended without an answer, exit code 0"


def test_a_crash_inside_the_driver_names_the_signal(command: Command) -> None:
    (failure,) = take(("killed",), 30, command=command)
    assert isinstance(failure, ProbeFailure)
    assert failure.reason == f"ended without an answer, signal {signal.SIGSEGV.value}"


def test_an_answer_of_another_form_is_a_failure(command: Command) -> None:
    (failure,) = take(("wrong",), 30, command=command)
    assert isinstance(failure, ProbeFailure)
    assert failure.reason == "its answer lacks the field state"


def test_an_answer_counts_although_the_child_does_not_end(command: Command) -> None:
    (snapshot,) = take(("slow_end",), 30, grace=0.05, command=command)
    assert isinstance(snapshot, GpuSnapshot)
    end_abandoned()


def test_a_hanging_probe_is_asked_to_end(command: Command) -> None:
    started = time.monotonic()
    (failure,) = take(("hanging",), 0.2, command=command)
    assert isinstance(failure, ProbeFailure)
    assert failure.reason == "no answer within 0.2 s"
    assert time.monotonic() - started < 10


def test_each_probe_has_its_own_deadline(command: Command) -> None:
    started = time.monotonic()
    hanging, good = take(("hanging", "good"), {"hanging": 0.1, "good": 30}, command=command)
    assert isinstance(hanging, ProbeFailure)
    assert hanging.reason == "no answer within 0.1 s"
    assert isinstance(good, GpuSnapshot)
    assert time.monotonic() - started < 15


def test_a_probe_that_cannot_end_is_left_alone_and_never_killed(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[int] = []
    monkeypatch.setattr(probe.os, "killpg", lambda _, number: sent.append(number))
    (failure,) = take(("deaf",), 0.1, grace=0.05, command=command)
    assert isinstance(failure, ProbeFailure)
    assert failure.reason == "no answer within 0.1 s; it does not end either and was left alone"
    assert sent == [signal.SIGTERM]
    monkeypatch.undo()
    end_abandoned()


def end_abandoned() -> None:
    """End what a test left running on purpose."""
    for process in probe._abandoned:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    probe._abandoned.clear()
