"""Probe of the GPUs: asks the NVIDIA driver through NVML. Runs as a child process."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

from ml_debugger.artifacts import GpuDevice, GpuSnapshot
from ml_debugger.probes.child import answer, now
from ml_debugger.probes.signs import signs_of_gpu


def take_snapshot(nvml: ModuleType | Any, signs: tuple[str, ...]) -> GpuSnapshot:
    """Ask the driver. `nvml` is the module `pynvml`; `signs` what speaks for a card."""
    try:
        nvml.nvmlInit()
    except nvml.NVMLError as error:
        detail = _text(error)
        missing = "library" in detail.lower() and "not found" in detail.lower()
        state = "absent" if not signs and missing else "unreachable"
        return _snapshot(state, signs, detail=detail)
    try:
        count = nvml.nvmlDeviceGetCount()
        return _snapshot(
            "answered",
            signs,
            devices=tuple(_device(nvml, index) for index in range(count)),
            driver_version=_asked(nvml, nvml.nvmlSystemGetDriverVersion, _word),
            cuda_version=_asked(nvml, nvml.nvmlSystemGetCudaDriverVersion_v2, _cuda),
        )
    except nvml.NVMLError as error:
        return _snapshot("unreachable", signs, detail=_text(error))


def _snapshot(state: str, signs: tuple[str, ...], **known: Any) -> GpuSnapshot:
    return GpuSnapshot(subject="gpu", path=None, state=state, signs=signs, taken=now(), **known)


def _device(nvml: Any, index: int) -> GpuDevice:
    """One card; a lost one is named with its problem so that the others are still seen."""
    try:
        handle = nvml.nvmlDeviceGetHandleByIndex(index)
        name = _word(nvml.nvmlDeviceGetName(handle))
    except nvml.NVMLError as error:
        return GpuDevice(index=index, name="unknown", problem=_text(error))
    lost: list[str] = []

    def asked(question: Callable[..., Any], *extra: Any) -> Any:
        try:
            return question(handle, *extra)
        except nvml.NVMLError as error:
            if not isinstance(error, nvml.NVMLError_NotSupported | nvml.NVMLError_NoPermission):
                lost.append(_text(error))
            return None

    uuid = asked(nvml.nvmlDeviceGetUUID)
    memory = asked(nvml.nvmlDeviceGetMemoryInfo)
    rates = asked(nvml.nvmlDeviceGetUtilizationRates)
    heat = asked(nvml.nvmlDeviceGetTemperature, nvml.NVML_TEMPERATURE_GPU)
    power = asked(nvml.nvmlDeviceGetPowerUsage)
    return GpuDevice(
        index=index,
        name=name,
        uuid=None if uuid is None else _word(uuid),
        memory_total=None if memory is None else int(memory.total),
        memory_used=None if memory is None else int(memory.used),
        utilisation=None if rates is None else float(rates.gpu),
        temperature=None if heat is None else float(heat),
        power_watts=None if power is None else power / 1000,
        problem=lost[0] if lost else None,
    )


def _asked(nvml: Any, question: Callable[[], Any], read: Callable[[Any], str]) -> str | None:
    try:
        return read(question())
    except nvml.NVMLError:
        return None


def _word(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _cuda(version: int) -> str:
    """NVML states CUDA 12.4 as 12040."""
    return f"{version // 1000}.{version % 1000 // 10}"


def _text(error: Exception) -> str:
    return str(error).strip() or type(error).__name__


def main() -> None:
    """Take the snapshot of this machine and print it."""
    import pynvml

    answer(take_snapshot(pynvml, signs_of_gpu()))


if __name__ == "__main__":
    main()
