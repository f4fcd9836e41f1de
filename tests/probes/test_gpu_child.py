"""The GPU probe as the child process that it is, with stand-ins for the module pynvml."""

from __future__ import annotations

from pathlib import Path

import pytest

from ml_debugger.artifacts import GpuSnapshot
from ml_debugger.probes.probe import ProbeFailure, take

HANGS = """
import time
class NVMLError(Exception): pass
def nvmlInit(): time.sleep(60)
"""
MISSING = """
class NVMLError(Exception): pass
class NVMLError_LibraryNotFound(NVMLError):
    def __str__(self): return "NVML Shared Library Not Found"
def nvmlInit(): raise NVMLError_LibraryNotFound()
"""


def stand_in(folder: Path, monkeypatch: pytest.MonkeyPatch, source: str) -> None:
    (folder / "pynvml.py").write_text(source)
    monkeypatch.setenv("PYTHONPATH", str(folder))


def test_a_library_that_sleeps_costs_the_deadline(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in(tmp_path, monkeypatch, HANGS)
    (failure,) = take(("gpu",), 1.5)
    assert isinstance(failure, ProbeFailure)
    assert failure.reason == "no answer within 1.5 s"


def test_a_library_that_is_missing_beside_a_program_that_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in(tmp_path, monkeypatch, MISSING)
    xml = Path(__file__).parents[1] / "nvidia_smi" / "samples" / "k80.xml"
    program = tmp_path / "nvidia-smi"
    program.write_text(f"#!/bin/sh\n/bin/cat {xml}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    (snapshot,) = take(("gpu",), 30)
    assert isinstance(snapshot, GpuSnapshot)
    assert (snapshot.state, snapshot.source, len(snapshot.devices)) == ("answered", "nvidia-smi", 2)
    assert snapshot.devices[0].errors.retired_double == 2
