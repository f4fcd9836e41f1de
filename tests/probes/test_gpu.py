"""The GPU probe against stand-ins for the driver's library."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ml_debugger.probes.gpu import take_snapshot
from ml_debugger.probes.signs import signs_of_gpu


class NvmlError(Exception):
    pass


class NotSupportedError(NvmlError):
    pass


class NoPermissionError(NvmlError):
    pass


class Nvml:
    """Answers for a number of healthy cards; `failing` maps a question to what it raises."""

    NVMLError = NvmlError
    NVMLError_NotSupported = NotSupportedError
    NVMLError_NoPermission = NoPermissionError
    NVML_TEMPERATURE_GPU = 0

    def __init__(self, cards: int = 2, **failing: Exception) -> None:
        self.cards = cards
        self.failing = failing
        self.lost: set[int] = set()

    def __getattr__(self, name: str) -> Any:
        answers = {
            "nvmlInit": lambda: None,
            "nvmlDeviceGetCount": lambda: self.cards,
            "nvmlSystemGetDriverVersion": lambda: "570.124.06",
            "nvmlSystemGetCudaDriverVersion_v2": lambda: 12080,
            "nvmlDeviceGetHandleByIndex": self._handle,
            "nvmlDeviceGetName": lambda _: b"NVIDIA H100 80GB HBM3",
            "nvmlDeviceGetUUID": lambda card: f"GPU-{card}",
            "nvmlDeviceGetMemoryInfo": lambda _: SimpleNamespace(total=80, used=30),
            "nvmlDeviceGetUtilizationRates": lambda _: SimpleNamespace(gpu=91),
            "nvmlDeviceGetTemperature": lambda _, __: 55,
            "nvmlDeviceGetPowerUsage": lambda _: 412_500,
        }

        def asked(*arguments: Any) -> Any:
            if name in self.failing:
                raise self.failing[name]
            return answers[name](*arguments)

        return asked

    def _handle(self, index: int) -> int:
        if index in self.lost:
            raise NvmlError("GPU is lost")
        return index


def test_healthy_cards_are_described() -> None:
    snapshot = take_snapshot(Nvml(), ("/dev/nvidia0", "/dev/nvidia1"))
    assert snapshot.state == "answered"
    assert (snapshot.driver_version, snapshot.cuda_version) == ("570.124.06", "12.8")
    first, second = snapshot.devices
    assert (first.name, first.uuid, first.problem) == ("NVIDIA H100 80GB HBM3", "GPU-0", None)
    assert (second.memory_total, second.memory_used) == (80, 30)
    assert (second.utilisation, second.temperature, second.power_watts) == (91.0, 55.0, 412.5)


def test_one_lost_card_leaves_the_others_seen() -> None:
    nvml = Nvml(cards=3)
    nvml.lost = {1}
    problems = [device.problem for device in take_snapshot(nvml, ("/dev/nvidia0",)).devices]
    assert problems == [None, "GPU is lost", None]


def test_a_card_lost_between_two_questions_is_named() -> None:
    snapshot = take_snapshot(Nvml(1, nvmlDeviceGetMemoryInfo=NvmlError("GPU is lost")), ())
    (device,) = snapshot.devices
    assert device.problem == "GPU is lost"
    assert device.utilisation == 91.0


def test_what_a_card_does_not_support_is_no_problem() -> None:
    snapshot = take_snapshot(
        Nvml(1, nvmlDeviceGetPowerUsage=NotSupportedError("Not Supported")), ()
    )
    (device,) = snapshot.devices
    assert (device.power_watts, device.problem) == (None, None)


@pytest.mark.parametrize(
    ("message", "signs", "state"),
    [
        ("NVML Shared Library Not Found", (), "absent"),
        ("NVML Shared Library Not Found", ("PCI 0000:01:00.0",), "unreachable"),
        ("Driver/library version mismatch", ("/dev/nvidia0",), "unreachable"),
        ("Driver Not Loaded", ("/usr/lib64/libnvidia-ml.so.1",), "unreachable"),
        ("Driver Not Loaded", (), "unreachable"),
    ],
)
def test_no_driver_and_no_answer_are_told_apart(
    message: str, signs: tuple[str, ...], state: str
) -> None:
    snapshot = take_snapshot(Nvml(nvmlInit=NvmlError(message)), signs)
    assert (snapshot.state, snapshot.detail, snapshot.signs) == (state, message, signs)


def test_a_driver_that_cannot_count_is_unreachable() -> None:
    snapshot = take_snapshot(Nvml(nvmlDeviceGetCount=NvmlError("Unknown Error")), ())
    assert (snapshot.state, snapshot.devices) == ("unreachable", ())


def test_signs_are_files_and_display_controllers(tmp_path: Path) -> None:
    assert signs_of_gpu(tmp_path) == ()
    for name in ("dev/nvidia0", "dev/nvidia10", "dev/nvidia-uvm", "dev/nvidiactl"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    for slot, kind in (("0000:01:00.0", "0x030200"), ("0000:01:00.1", "0x040300")):
        device = tmp_path / "sys/bus/pci/devices" / slot
        device.mkdir(parents=True)
        (device / "vendor").write_text("0x10de\n")
        (device / "class").write_text(f"{kind}\n")
    assert signs_of_gpu(tmp_path) == (
        "/dev/nvidia0",
        "/dev/nvidia10",
        "/dev/nvidiactl",
        "PCI 0000:01:00.0",
    )
