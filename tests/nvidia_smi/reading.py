"""Reading a text as an output of nvidia-smi, the way a file or the program is read."""

from __future__ import annotations

from pathlib import Path

from ml_debugger.artifacts import GpuDevice, GpuSnapshot
from ml_debugger.nvidia_smi.output import Output, form_of, read_output

SAMPLES = Path(__file__).parent / "samples"
MIB = 2**20


def output_of(text: str) -> Output:
    """What the text says; it must be recognised."""
    form = form_of(text)
    assert form is not None
    return read_output(text.splitlines(), form, "saved.txt")


def snapshot_of(text: str) -> GpuSnapshot:
    """The snapshot of a text."""
    snapshot = output_of(text).snapshot
    assert snapshot is not None
    return snapshot


def card_of(text: str) -> GpuDevice:
    """The only card of a text."""
    (device,) = snapshot_of(text).devices
    return device


def sample(name: str) -> str:
    """A sample file."""
    return (SAMPLES / name).read_text(encoding="utf-8")
