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
        *("gpu_recovery_action", "hostname", "c2c.mode", "edpp_multiplier"),
    )
)
_FAMILIES = re.compile(
    r"(?:pci\.(?:bus_id|domain|bus|device|baseClass|subClass|device_id|sub_device_id)"
    r"|pcie\.link\.(?:gen|width)\.\w+|fan\.speed|memory\.(?:total|reserved|used|free)"
    r"|utilization\.(?:gpu|memory|encoder|decoder|jpeg|ofa)|temperature\.(?:gpu|gpu\.tlimit|memory)"
    r"|(?:module\.)?(?:enforced\.)?power\.(?:management|draw|draw\.average|draw\.instant|limit"
    r"|default_limit|min_limit|max_limit)|clocks\.(?:gr|sm|mem|(?:current|applications"
    r"|default_applications|max)\.(?:graphics|sm|memory|video|gr|mem))"
    r"|clocks_event_reasons(?:_counters)?\.\w+|(?:mig|gsp)\.mode\.\w+|ecc\.(?:mode|errors)\.[\w.]+"
    r"|(?:retired_pages|remapped_rows|fabric|platform|power_smoothing|inforom)\.[\w.]+"
    r"|accounting\.(?:mode|buffer_size)|(?:driver_model|gom)\.(?:current|pending)"
    r"|encoder\.stats\.\w+|protected_memory\.\w+|dramEncryption\.mode\.\w+|gpu\.base\.\w+"
    r"|vgpu_(?:driver|device)_capability\.\w+|bbx\.time_run)"
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
