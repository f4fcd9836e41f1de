"""The kernel log of this machine: one source after the other, and the reason where none answers."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ml_debugger.artifacts import KernelLog
from ml_debugger.artifacts.recorded import from_record, to_record
from ml_debugger.probes.kernel_log import Refusal, from_command, from_device, take_log

LINES = [
    "6,1,1000000,-;Linux version 6.8.0",
    "6,2,2000000,-;NVRM: loading NVIDIA UNIX x86_64 Kernel Module",
    "3,3,9000000,-;NVRM: Xid (PCI:0000:01:00): 79, pid=7, name=python, GPU has fallen off the bus.",
]


def test_the_first_source_that_answers_is_the_log() -> None:
    asked: list[str] = []

    def refuse() -> Refusal:
        asked.append("device")
        return Refusal("/dev/kmsg", "Operation not permitted")

    log = take_log(
        {"/dev/kmsg": refuse, "dmesg": lambda: LINES, "never": lambda: pytest.fail("asked")}
    )
    assert asked == ["device"]
    assert (log.problem, log.source, log.lines) == (None, "dmesg", 3)
    (event,) = log.events
    assert (event.code, event.first, event.restarts) == (79, "9.000000", 0)


def test_times_are_those_of_the_day() -> None:
    (event,) = take_log({"dmesg": lambda: LINES}, uptime=100.0).events
    assert event.first is not None
    assert event.first.endswith("Z")


def test_without_permission_the_reason_is_said() -> None:
    log = take_log(
        {
            "/dev/kmsg": lambda: Refusal("/dev/kmsg", "Operation not permitted"),
            "journalctl": lambda: Refusal("journalctl", "is not installed"),
            "dmesg": lambda: [],
        }
    )
    assert log.events == ()
    assert log.problem == (
        "not readable: /dev/kmsg: Operation not permitted; journalctl: is not installed; "
        "dmesg: shows no messages of the kernel"
    )


def test_a_sandbox_that_invents_messages_is_not_believed() -> None:
    invented = ["[    0.000000] Starting gVisor...", "[    0.4] Daemonizing children...", "x", "y"]
    log = take_log({"dmesg": lambda: invented})
    assert log.problem is not None
    assert "sandbox" in log.problem


def test_the_log_survives_json() -> None:
    log = take_log({"dmesg": lambda: LINES}, uptime=100.0)
    read = from_record(to_record(log))
    assert isinstance(read, KernelLog)
    assert read.events == log.events


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        (("sh", "-c", "echo; echo dmesg: not permitted >&2; exit 1"), "dmesg: not permitted"),
        (("sh", "-c", "exit 0"), "shows no messages of the kernel"),
        (("sleep", "20"), "no answer within 0.1 s"),
        (("no-such-program-here",), "is not installed"),
    ],
)
def test_commands_that_refuse(command: tuple[str, ...], reason: str) -> None:
    refused = from_command(command, 0.1)
    assert isinstance(refused, Refusal)
    assert refused.reason == reason


def test_a_command_that_prints() -> None:
    assert from_command(("printf", "a\\nb\\nc\\n"), 10) == ["a", "b", "c"]


def test_a_device_that_is_a_fifo_without_a_writer_does_not_hang(tmp_path: Path) -> None:
    fifo = tmp_path / "kmsg"
    os.mkfifo(fifo)
    assert from_device(fifo) == []
    assert isinstance(from_device(tmp_path / "none"), Refusal)
