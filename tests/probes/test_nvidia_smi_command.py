"""Running nvidia-smi: stand-ins that answer, hang, print garbage or errors with exit code 0."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from ml_debugger.artifacts import GpuSnapshot
from ml_debugger.probes import nvidia_smi_command
from ml_debugger.probes.nvidia_smi_command import ask, find

XML = Path(__file__).parents[1] / "nvidia_smi" / "samples" / "k80.xml"


def program(folder: Path, body: str) -> str:
    file = folder / "nvidia-smi"
    file.write_text(f"#!/bin/sh\n{body}\n")
    file.chmod(0o755)
    return str(file)


def test_the_answer_is_that_of_its_xml(tmp_path: Path) -> None:
    snapshot = ask(program(tmp_path, f'test "$*" = "-q -x" && cat {XML}'))
    assert isinstance(snapshot, GpuSnapshot)
    assert [device.name for device in snapshot.devices] == ["Tesla K80", "Tesla K80"]
    assert (snapshot.subject, snapshot.path) == ("gpu", None)


def test_sound_cards_beside_an_error_and_a_bad_exit_code(tmp_path: Path) -> None:
    said = "Unable to determine the device handle for GPU 0000:02:00.0: Unknown Error"
    snapshot = ask(program(tmp_path, f"echo '{said}' >&2; cat {XML}; exit 15"))
    assert isinstance(snapshot, GpuSnapshot)
    assert [device.problem for device in snapshot.devices] == [None, None, "Unknown Error"]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (
            "echo 'Failed to initialize NVML: Driver/library version mismatch'; exit 0",
            "nvidia-smi: Failed to initialize NVML: Driver/library version mismatch",
        ),
        (
            "echo 'NVIDIA-SMI has failed because it could not communicate' >&2; exit 9",
            "nvidia-smi: NVIDIA-SMI has failed because it could not communicate",
        ),
        ("echo 'what is this'", "nvidia-smi printed 'what is this'"),
        ("exit 3", "nvidia-smi printed nothing"),
        ("head -c 3000 /dev/zero | tr '\\000' '\\377'", "nvidia-smi printed"),
        ("echo '<nvidia_smi_log><gpu id=\"x\">'", ""),
    ],
)
def test_errors_and_garbage_are_answers(tmp_path: Path, body: str, said: str) -> None:
    answer = ask(program(tmp_path, body))
    if isinstance(answer, GpuSnapshot):
        assert not said
    else:
        assert answer.startswith(said)


def test_no_devices_is_an_answer(tmp_path: Path) -> None:
    answer = ask(program(tmp_path, "echo 'No devices were found'; exit 6"))
    assert isinstance(answer, GpuSnapshot)
    assert (answer.state, answer.devices) == ("answered", ())


def test_a_hanging_program_costs_its_deadline(tmp_path: Path) -> None:
    started = time.monotonic()
    answer = ask(program(tmp_path, "exec sleep 30"), deadline=0.2)
    assert answer == "nvidia-smi gave no answer within 0.2 s"
    assert time.monotonic() - started < 10


def test_one_that_does_not_end_is_never_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed: list[int] = []
    monkeypatch.setattr(subprocess.Popen, "kill", lambda self: killed.append(self.pid))
    monkeypatch.setattr(nvidia_smi_command, "GRACE", 0.05)
    body = "trap '' TERM; echo $$ > " + str(tmp_path / "pid") + "; while :; do sleep 0.05; done"
    answer = ask(program(tmp_path, body), deadline=0.3)
    assert answer == "nvidia-smi gave no answer within 0.3 s"
    assert killed == []
    (left,) = nvidia_smi_command._abandoned
    os.kill(int((tmp_path / "pid").read_text()), signal.SIGKILL)
    left.wait(10)
    nvidia_smi_command._abandoned.clear()


def test_endless_output_is_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nvidia_smi_command, "MAX_OUTPUT", 100_000)
    answer = ask(program(tmp_path, "exec yes nonsense"))
    assert answer == "nvidia-smi printed 'nonsense'"


def test_a_program_that_cannot_be_run(tmp_path: Path) -> None:
    answer = ask(str(tmp_path / "missing"))
    assert answer == "nvidia-smi could not be run: No such file or directory"


def test_the_program_is_found_on_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nvidia_smi_command, "PLACES", ())
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find() is None
    assert program(tmp_path, "true") == find()
