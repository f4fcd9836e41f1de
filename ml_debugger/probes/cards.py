"""The cards that can be trained on, with their compute capability, by the driver's own word."""

from __future__ import annotations

from types import ModuleType
from typing import Any

from ml_debugger.artifacts.environment import Card
from ml_debugger.probes.nvml.asking import cuda_version
from ml_debugger.probes.side_by_side import side_by_side

DEADLINE = 10.0
"""Seconds: a driver that hangs costs the capabilities alone."""

Cards = tuple[tuple[Card, ...], str | None]


def cards_of(nvml: ModuleType | Any = None, deadline: float = DEADLINE) -> Cards:
    """Cards and the newest CUDA of the driver; empty and None where it does not answer."""

    def question() -> Cards:
        import pynvml

        return _asked(nvml or pynvml)

    return side_by_side({"cards": question}, deadline).get("cards", ((), None))


def _asked(nvml: Any) -> Cards:
    try:
        nvml.nvmlInit()
        newest = int(nvml.nvmlSystemGetCudaDriverVersion_v2())
        cards = []
        for index in range(nvml.nvmlDeviceGetCount()):
            handle = nvml.nvmlDeviceGetHandleByIndex(index)
            name = nvml.nvmlDeviceGetName(handle)
            major, minor = nvml.nvmlDeviceGetCudaComputeCapability(handle)
            words = name.decode("utf-8", "replace") if isinstance(name, bytes) else str(name)
            cards.append(Card(words, f"{major}.{minor}"))
    except nvml.NVMLError:
        # the GPU probe reports what is wrong with the driver
        return (), None
    return tuple(cards), cuda_version(newest)
