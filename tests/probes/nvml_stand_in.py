"""A stand-in for the module pynvml that answers like an H100; errors and types are the real ones.

The values are those of the file tests/nvidia_smi/samples/h100.q.txt, so that both ways of asking
one card can be compared.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import pynvml

MIB = 2**20
FIELDS = {
    pynvml.NVML_FI_DEV_MEMORY_TEMP: 55,
    pynvml.NVML_FI_DEV_GET_GPU_RECOVERY_ACTION: 0,
    pynvml.NVML_FI_DEV_NVLINK_LINK_COUNT: 18,
}
MEMORY = SimpleNamespace(total=81559 * MIB, reserved=479 * MIB, used=19818 * MIB)
CLIENTS = [
    SimpleNamespace(pid=11327, usedGpuMemory=2566 * MIB),
    SimpleNamespace(pid=11345, usedGpuMemory=15690 * MIB),
]
H100: Mapping[str, Any] = {
    "nvmlInit": None,
    "nvmlDeviceGetCount": 1,
    "nvmlSystemGetDriverVersion": "590.48.01",
    "nvmlSystemGetCudaDriverVersion_v2": 13010,
    "nvmlSystemGetProcessName": lambda pid: {11327: "/opt/train/bin/python"}.get(pid, "./burn"),
    "nvmlDeviceGetHandleByIndex": lambda index: index,
    "nvmlDeviceGetName": "NVIDIA H100 80GB HBM3",
    "nvmlDeviceGetUUID": "GPU-00000000-0000-0000-0000-000000000000",
    "nvmlDeviceGetPciInfo": SimpleNamespace(busId=b"00000000:00:09.0"),
    "nvmlDeviceGetMemoryInfo": MEMORY,
    "nvmlDeviceGetUtilizationRates": SimpleNamespace(gpu=100, memory=11),
    "nvmlDeviceGetTemperatureV": 59,
    "nvmlDeviceGetTemperature": 59,
    "nvmlDeviceGetTemperatureThreshold": pynvml.NVMLError_NotSupported(),
    "nvmlDeviceGetMarginTemperature": 26,
    "nvmlDeviceGetFanSpeed": pynvml.NVMLError_NotSupported(),
    "nvmlDeviceGetPowerUsage": 629_450,
    "nvmlDeviceGetEnforcedPowerLimit": 700_000,
    "nvmlDeviceGetCurrentClocksEventReasons": 0x24,
    "nvmlDeviceGetPerformanceState": 0,
    "nvmlDeviceGetEccMode": [1, 1],
    "nvmlDeviceGetTotalEccErrors": lambda _, kind, span: 3 if (kind, span) == (0, 1) else 0,
    "nvmlDeviceGetMemoryErrorCounter": 0,
    "nvmlDeviceGetSramEccErrorStatus": 0,
    "nvmlDeviceGetRetiredPages": pynvml.NVMLError_NotSupported(),
    "nvmlDeviceGetRetiredPagesPendingStatus": pynvml.NVMLError_NotSupported(),
    "nvmlDeviceGetRemappedRows": (0, 4, 1, 0),
    "nvmlDeviceGetCurrPcieLinkGeneration": 5,
    "nvmlDeviceGetMaxPcieLinkGeneration": 5,
    "nvmlDeviceGetCurrPcieLinkWidth": 16,
    "nvmlDeviceGetMaxPcieLinkWidth": 16,
    "nvmlDeviceGetPcieReplayCounter": 9,
    "nvmlDeviceGetNvLinkState": lambda _, link: int(link != 7),
    "nvmlDeviceGetNvLinkErrorCounter": lambda _, link, counter: int(link == 2 and counter == 0),
    "nvmlDeviceGetMigMode": [0, 0],
    "nvmlDeviceGetPersistenceMode": 1,
    "nvmlDeviceGetComputeRunningProcesses": CLIENTS,
    "nvmlDeviceGetGraphicsRunningProcesses": [],
    "nvmlDeviceGetMPSComputeRunningProcesses": [],
    "nvmlDeviceGetCudaComputeCapability": (9, 0),
}


class Nvml:
    """Answers as given: a value, a function of the arguments, or an error to be raised."""

    def __init__(self, **changed: Any) -> None:
        self.answers = {**H100, "nvmlDeviceGetFieldValues": self._fields, **changed}

    def __getattr__(self, name: str) -> Any:
        if name in ("nvmlDeviceGetGpuFabricInfoV", "nvmlDeviceGetGpuFabricInfo"):
            return self.answers.get(name, self._fabric)
        if name not in self.answers:
            return getattr(pynvml, name)
        answer = self.answers[name]

        def asked(*arguments: Any) -> Any:
            if isinstance(answer, Exception):
                raise answer
            return answer(*arguments) if callable(answer) else answer

        return asked

    @staticmethod
    def _fields(_: Any, numbers: list[int]) -> list[SimpleNamespace]:
        (number,) = numbers
        if number not in FIELDS:
            return [SimpleNamespace(nvmlReturn=pynvml.NVML_ERROR_NOT_SUPPORTED)]
        value = SimpleNamespace(uiVal=FIELDS[number])
        return [SimpleNamespace(nvmlReturn=0, valueType=1, value=value)]

    @staticmethod
    def _fabric(_: Any, info: Any) -> None:
        info._obj.state, info._obj.status = 3, 0
