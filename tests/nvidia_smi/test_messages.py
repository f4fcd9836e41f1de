"""Sentences in place of an answer are states of the driver or of a card."""

from __future__ import annotations

import pytest

from ml_debugger.nvidia_smi.output import form_of
from tests.nvidia_smi.reading import card_of, sample, snapshot_of

HANDLE = "Unable to determine the device handle for GPU 0000:02:00.0: Unknown Error"


@pytest.mark.parametrize(
    "text",
    [
        "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver. Make sure "
        "that the latest NVIDIA driver is installed and running.\n",
        "Failed to initialize NVML: Driver/library version mismatch\nNVML library version: 570.1\n",
        "Failed to initialize NVML: Unknown Error\n",
        "NVIDIA-SMI couldn't find libnvidia-ml.so library in your system. Please make sure that the"
        " NVIDIA Display Driver is properly installed and present in your system.\n",
    ],
)
def test_a_driver_that_cannot_be_reached(text: str) -> None:
    snapshot = snapshot_of(text)
    assert (snapshot.state, snapshot.devices) == ("unreachable", ())
    assert snapshot.detail == text.splitlines()[0]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (HANDLE, "Unknown Error"),
        (
            "Unable to determine the device handle for GPU0000:02:00.0: Unknown Error",
            "Unknown Error",
        ),
        (
            "Unable to determine the device handle for gpu 0000:02:00.0: GPU is lost.  Reboot the "
            "system to recover this GPU",
            "GPU is lost.  Reboot the system to recover this GPU",
        ),
    ],
)
def test_a_card_without_a_handle(text: str, said: str) -> None:
    device = card_of(text)
    assert (device.problem, device.pci, device.name) == (said, "0000:02:00.0", "unknown")


def test_no_devices() -> None:
    snapshot = snapshot_of("No devices were found\n")
    assert (snapshot.state, snapshot.devices, snapshot.attached) == ("answered", (), 0)
    assert snapshot.detail == "No devices were found"


def test_a_message_after_the_answer_belongs_to_its_card() -> None:
    text = sample("h100.q.txt")
    warned = card_of(text + "WARNING: infoROM is corrupted at gpu 0000:00:09.0\n")
    assert warned.problems == ("infoROM: corrupted",)
    named = card_of(text + HANDLE.replace("0000:02:00.0", "0000:00:09.0"))
    assert (named.problem, named.utilisation) == ("Unknown Error", 100)
    first, second = snapshot_of(text + HANDLE).devices
    assert (first.problem, second.problem, second.index) == (None, "Unknown Error", 1)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nothing to see\n",
        "step 1 loss 0.5\n" * 30 + HANDLE,
        "bash: nvidia-smi: command not found\n",
    ],
)
def test_other_text_is_left_alone(text: str) -> None:
    assert form_of(text) is None


def test_a_training_log_that_begins_with_the_table_stays_a_training_log() -> None:
    table = sample("tables.txt").split("%%\n")[2]
    log = "".join(f"epoch {n} loss {1 / (n + 1):.4f} val_loss 0.5\n" for n in range(60))
    assert form_of(table + log) is None
    assert form_of(sample("h100.q.txt") + log * 4) is None
