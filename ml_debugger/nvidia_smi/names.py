"""The names of `nvidia-smi --help-query-gpu`: the one vocabulary of all its outputs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

REASONS: Mapping[str, str] = {
    "gpu_idle": "idle",
    "applications_clocks_setting": "application-clocks",
    "sw_power_cap": "software-power-cap",
    "hw_slowdown": "hardware-slowdown",
    "sync_boost": "sync-boost",
    "sw_thermal_slowdown": "software-thermal",
    "hw_thermal_slowdown": "hardware-thermal",
    "hw_power_brake_slowdown": "hardware-power-brake",
    "display_clocks_setting": "display-clocks",
}
"""Reasons for low clocks in the order of their bits, and what `GpuDevice.throttled` calls them."""

RECOVERIES = (
    *("None", "Reset", "Reboot", "Drain P2P", "Drain and Reset"),
    *("Recover IMEX Domain", "Bus Reset", "System Reboot"),
)
"""What the driver may ask for, by NVML's number (nvml.h, nvmlDeviceGpuRecoveryAction_t)."""

LEAST = 3

_FIELDS = frozenset(
    (
        *("timestamp", "driver_version", "kmd_version", "count", "index", "name", "serial"),
        *("uuid", "pstate", "compute_mode", "compute_cap", "persistence_mode", "vbios_version"),
        *("display_mode", "display_active", "display_attached", "addressing_mode"),
        *("gpu_recovery_action", "hostname", "encoder.stats.sessionCount", "c2c.mode"),
        *("enforced.power.limit", "edpp_multiplier"),
    )
)
_FAMILIES = re.compile(
    r"(?:pci|pcie|fan|clocks|clocks_event_reasons|clocks_event_reasons_counters|memory|mig"
    r"|utilization|ecc|retired_pages|remapped_rows|temperature|power|module|accounting|inforom"
    r"|driver_model|gom|gsp|encoder|protected_memory|fabric|platform|power_smoothing|bbx"
    r"|v?gpu_[a-z]+_capability|dramEncryption|gpu\.base)\.[\w.]+"
)
_ALIASES: Mapping[str, str] = {
    "gpu_name": "name",
    "gpu_uuid": "uuid",
    "gpu_bus_id": "pci.bus_id",
    "retired_pages.sbe": "retired_pages.single_bit_ecc.count",
    "retired_pages.dbe": "retired_pages.double_bit.count",
}
_LOOSE = frozenset(("timestamp", "name", "index", "count", "serial", "uuid", "hostname"))
_UNIT = re.compile(r"\s*\[[^\]]*\]\s*$")


def field_of(column: str) -> str | None:
    """The field that a column of a CSV output holds, without its unit; None for other columns."""
    name = _UNIT.sub("", column).strip()
    name = _ALIASES.get(name, name)
    name = name.replace("clocks_throttle_reasons.", "clocks_event_reasons.")
    return name if name in _FIELDS or _FAMILIES.fullmatch(name) else None


def is_query(columns: Iterable[str]) -> bool:
    """Whether columns are those of a CSV output of nvidia-smi: most of them, one for sure."""
    fields = [field_of(column) for column in columns]
    known = [field for field in fields if field is not None]
    return len(known) * 2 > len(fields) and any(field not in _LOOSE for field in known)


def is_telemetry(columns: Iterable[str]) -> bool:
    """Whether a table of any format holds measurements of GPUs: no features of a market."""
    known = {field_of(column) for column in columns} - _LOOSE - {None}
    return len(known) >= LEAST
