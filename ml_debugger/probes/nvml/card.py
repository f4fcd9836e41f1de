"""One card by NVML, in the units of the artifact."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from ml_debugger.artifacts import GpuDevice
from ml_debugger.nvidia_smi.card import UNNAMED, reasons_of, whole_card
from ml_debugger.nvidia_smi.names import RECOVERIES
from ml_debugger.probes.nvml.asking import Asking, name_of
from ml_debugger.probes.nvml.errors import errors_of
from ml_debugger.probes.nvml.links import links_of
from ml_debugger.probes.nvml.processes import Seen, processes_of

_GPU_SENSOR = 0
_SHUTDOWN, _SLOWDOWN = 0, 1
_HOTTEST = 200
_UNKNOWN_STATE = 32


def device_of(asking: Asking, index: int, seen: Seen | None) -> GpuDevice:
    """Ask everything; a card that answers nothing is named with its problem."""
    ask = asking.ask
    name = ask("name", "nvmlDeviceGetName")
    memory = ask(
        "memory",
        ("nvmlDeviceGetMemoryInfo", getattr(asking.nvml, "nvmlMemory_v2", None)),
        "nvmlDeviceGetMemoryInfo",
    )
    rates = ask("utilisation", "nvmlDeviceGetUtilizationRates")
    ecc = ask("ECC mode", "nvmlDeviceGetEccMode")
    mig = _pair(ask("MIG mode", "nvmlDeviceGetMigMode"))
    capability = ask("compute capability", "nvmlDeviceGetCudaComputeCapability")
    pci = ask("PCI", "nvmlDeviceGetPciInfo")
    reasons = ask(
        "clock reasons",
        "nvmlDeviceGetCurrentClocksEventReasons",
        "nvmlDeviceGetCurrentClocksThrottleReasons",
    )
    power = ask("power draw", "nvmlDeviceGetPowerUsage")
    limit = ask("power limit", "nvmlDeviceGetEnforcedPowerLimit")
    ecc_on = _state(ecc[0] if isinstance(ecc, Sequence) and ecc else None)
    device = GpuDevice(
        index=index,
        name=UNNAMED if name is None else name_of(name),
        uuid=_name(ask("UUID", "nvmlDeviceGetUUID")),
        memory_total=None if memory is None else int(memory.total),
        memory_used=None if memory is None else int(memory.used),
        utilisation=None if rates is None else float(rates.gpu),
        temperature=_temperature(asking),
        power_watts=None if power is None else power / 1000,
        pci=None if pci is None else _name(pci.busId),
        power_limit_watts=None if limit is None else limit / 1000,
        memory_reserved=_reserved(memory),
        memory_temperature=_float(asking.field("memory temperature", "NVML_FI_DEV_MEMORY_TEMP")),
        slowdown_at=_threshold(asking, "slowdown temperature", _SLOWDOWN),
        shutdown_at=_threshold(asking, "shutdown temperature", _SHUTDOWN),
        margin=_float(ask("temperature margin", "nvmlDeviceGetMarginTemperature")),
        fan=_float(ask("fan speed", "nvmlDeviceGetFanSpeed")),
        throttled=None if reasons is None else reasons_of(int(reasons)),
        performance=_performance(asking),
        ecc=ecc_on,
        errors=errors_of(asking, ecc_on),
        connection=links_of(asking),
        mig=mig[0],
        mig_pending=mig[1],
        slices=_slices(asking) if mig[0] else 0,
        persistence=_state(ask("persistence mode", "nvmlDeviceGetPersistenceMode")),
        processes=processes_of(asking, seen),
        capability=None if capability is None else ".".join(map(str, capability)),
        recovery_action=_recovery(asking),
    )
    return _with_problems(device, asking)


def _with_problems(device: GpuDevice, asking: Asking) -> GpuDevice:
    said = [error for _, error in asking.problems]
    return replace(
        device,
        problem=whole_card(said, asking.answered > 0),
        problems=tuple(f"{label}: {error}" for label, error in asking.problems),
    )


def _temperature(asking: Asking) -> float | None:
    return _float(
        asking.ask(
            "temperature",
            ("nvmlDeviceGetTemperatureV", _GPU_SENSOR),
            ("nvmlDeviceGetTemperature", _GPU_SENSOR),
        )
    )


def _threshold(asking: Asking, label: str, number: int) -> float | None:
    """A threshold in degrees. Cards from Ada on count margins, which are no temperature."""
    said = asking.ask(label, ("nvmlDeviceGetTemperatureThreshold", number))
    return float(said) if said is not None and 0 < said < _HOTTEST else None


def _reserved(memory: Any) -> int | None:
    reserved = getattr(memory, "reserved", None)
    return None if reserved is None else int(reserved)


def _performance(asking: Asking) -> int | None:
    said = asking.ask("performance state", "nvmlDeviceGetPerformanceState")
    return None if said is None or said >= _UNKNOWN_STATE else int(said)


def _slices(asking: Asking) -> int:
    most = asking.ask("MIG devices", "nvmlDeviceGetMaxMigDeviceCount") or 0
    handles = (
        asking.ask("MIG devices", ("nvmlDeviceGetMigDeviceHandleByIndex", place))
        for place in range(most)
    )
    return sum(handle is not None for handle in handles)


def _recovery(asking: Asking) -> str | None:
    """What the driver asks for; drivers before 565 say in two answers whether a reset is due."""
    action = asking.field("recovery action", "NVML_FI_DEV_GET_GPU_RECOVERY_ACTION")
    if action is not None:
        return RECOVERIES[action] if action < len(RECOVERIES) else f"action {action}"
    reset = asking.field("reset status", "NVML_FI_DEV_RESET_STATUS")
    drain = asking.field("reset status", "NVML_FI_DEV_DRAIN_AND_RESET_STATUS")
    if reset is None and drain is None:
        return None
    return "Reset" if reset else "Drain and Reset" if drain else "None"


def _pair(modes: Any) -> tuple[bool | None, bool | None]:
    if not isinstance(modes, Sequence) or len(modes) != 2:
        return None, None
    return _state(modes[0]), _state(modes[1])


def _state(value: Any) -> bool | None:
    return None if value is None else bool(value)


def _float(value: Any) -> float | None:
    return None if value is None else float(value)


def _name(value: Any) -> str | None:
    return None if value is None else name_of(value)
