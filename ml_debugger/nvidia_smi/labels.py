"""Where `nvidia-smi -q` and `-q -x` say what, by the fields of `--query-gpu`.

A label is the path inside a card, in lower case. Names of three driver generations stand side
by side: 375 to 470, 510 to 535, and from 545 on, where throttle reasons became event reasons.
"""

from __future__ import annotations

from collections.abc import Mapping

Path = tuple[str, ...]


def _reasons(section: str, names: Mapping[str, str]) -> dict[Path, str]:
    return {(section, label): f"clocks_event_reasons.{field}" for label, field in names.items()}


_EVENTS = {
    "idle": "gpu_idle",
    "applications clocks setting": "applications_clocks_setting",
    "sw power cap": "sw_power_cap",
    "hw slowdown": "hw_slowdown",
    "hw thermal slowdown": "hw_thermal_slowdown",
    "hw power brake slowdown": "hw_power_brake_slowdown",
    "sync boost": "sync_boost",
    "sw thermal slowdown": "sw_thermal_slowdown",
    "display clock setting": "display_clocks_setting",
}
_TAGS = tuple(field for field in _EVENTS.values())


def _ecc(words: tuple[str, str, str, str], names: Mapping[str, str]) -> dict[Path, str]:
    section, single, double, total = words
    found: dict[Path, str] = {}
    for span in ("volatile", "aggregate"):
        for label, (kind, place) in _PLACES.items():
            found[(section, span, names.get(label, label))] = f"ecc.errors.{kind}.{span}.{place}"
        found[(section, span, single, total)] = f"ecc.errors.corrected.{span}.total"
        found[(section, span, double, total)] = f"ecc.errors.uncorrected.{span}.total"
    return found


_PLACES = {
    "sram correctable": ("corrected", "sram"),
    "sram uncorrectable": ("uncorrected", "sram"),
    "sram uncorrectable parity": ("uncorrected", "sram.parity"),
    "sram uncorrectable sec-ded": ("uncorrected", "sram.secded"),
    "dram correctable": ("corrected", "dram"),
    "dram uncorrectable": ("uncorrected", "dram"),
    "sram threshold exceeded": ("uncorrected", "sram.thresholdExceeded"),
}
_UNDERSCORED = {label: label.replace("sec-ded", "secded").replace(" ", "_") for label in _PLACES}

TEXT: Mapping[Path, str] = {
    ("product name",): "name",
    ("gpu uuid",): "uuid",
    ("persistence mode",): "persistence_mode",
    ("mig mode", "current"): "mig.mode.current",
    ("mig mode", "pending"): "mig.mode.pending",
    ("gpu recovery action",): "gpu_recovery_action",
    ("gpu reset status", "reset required"): "reset.required",
    ("gpu reset status", "drain and reset recommended"): "reset.drain",
    ("pci", "bus id"): "pci.bus_id",
    ("pci", "gpu link info", "pcie generation", "current"): "pcie.link.gen.current",
    ("pci", "gpu link info", "pcie generation", "max"): "pcie.link.gen.max",
    ("pci", "gpu link info", "link width", "current"): "pcie.link.width.current",
    ("pci", "gpu link info", "link width", "max"): "pcie.link.width.max",
    ("pci", "replays since reset"): "pcie.replays",
    ("fan speed",): "fan.speed",
    ("performance state",): "pstate",
    **_reasons("clocks event reasons", _EVENTS),
    **_reasons("clocks throttle reasons", _EVENTS),
    ("fb memory usage", "total"): "memory.total",
    ("fb memory usage", "reserved"): "memory.reserved",
    ("fb memory usage", "used"): "memory.used",
    ("utilization", "gpu"): "utilization.gpu",
    ("ecc mode", "current"): "ecc.mode.current",
    **_ecc(("ecc errors", "single bit", "double bit", "total"), {}),
    ("retired pages", "single bit ecc"): "retired_pages.single_bit_ecc.count",
    ("retired pages", "double bit ecc"): "retired_pages.double_bit.count",
    ("retired pages", "pending"): "retired_pages.pending",
    ("retired pages", "pending page blacklist"): "retired_pages.pending",
    ("remapped rows", "correctable error"): "remapped_rows.correctable",
    ("remapped rows", "uncorrectable error"): "remapped_rows.uncorrectable",
    ("remapped rows", "pending"): "remapped_rows.pending",
    ("remapped rows", "remapping failure occurred"): "remapped_rows.failure",
    ("temperature", "gpu current temp"): "temperature.gpu",
    ("temperature", "gpu t.limit temp"): "temperature.gpu.tlimit",
    ("temperature", "gpu slowdown temp"): "temperature.slowdown",
    ("temperature", "gpu shutdown temp"): "temperature.shutdown",
    ("temperature", "memory current temp"): "temperature.memory",
    ("power readings", "power draw"): "power.draw",
    ("power readings", "power limit"): "power.limit",
    ("power readings", "enforced power limit"): "enforced.power.limit",
    ("gpu power readings", "power draw"): "power.draw",
    ("gpu power readings", "average power draw"): "power.draw.average",
    ("gpu power readings", "instantaneous power draw"): "power.draw.instant",
    ("gpu power readings", "requested power limit"): "power.limit",
    ("gpu power readings", "current power limit"): "enforced.power.limit",
    ("fabric", "state"): "fabric.state",
    ("fabric", "status"): "fabric.status",
}
"""Labels of `nvidia-smi -q`."""

_LINK = ("pci", "pci_gpu_link_info")

XML: Mapping[Path, str] = {
    ("product_name",): "name",
    ("uuid",): "uuid",
    ("persistence_mode",): "persistence_mode",
    ("mig_mode", "current_mig"): "mig.mode.current",
    ("mig_mode", "pending_mig"): "mig.mode.pending",
    ("gpu_recovery_action",): "gpu_recovery_action",
    ("gpu_reset_status", "reset_required"): "reset.required",
    ("gpu_reset_status", "drain_and_reset_recommended"): "reset.drain",
    ("pci", "pci_bus_id"): "pci.bus_id",
    (*_LINK, "pcie_gen", "current_link_gen"): "pcie.link.gen.current",
    (*_LINK, "pcie_gen", "max_link_gen"): "pcie.link.gen.max",
    (*_LINK, "link_widths", "current_link_width"): "pcie.link.width.current",
    (*_LINK, "link_widths", "max_link_width"): "pcie.link.width.max",
    ("pci", "replay_counter"): "pcie.replays",
    ("fan_speed",): "fan.speed",
    ("performance_state",): "pstate",
    **_reasons("clocks_event_reasons", {f"clocks_event_reason_{tag}": tag for tag in _TAGS}),
    **_reasons("clocks_throttle_reasons", {f"clocks_throttle_reason_{tag}": tag for tag in _TAGS}),
    ("fb_memory_usage", "total"): "memory.total",
    ("fb_memory_usage", "reserved"): "memory.reserved",
    ("fb_memory_usage", "used"): "memory.used",
    ("utilization", "gpu_util"): "utilization.gpu",
    ("ecc_mode", "current_ecc"): "ecc.mode.current",
    **_ecc(("ecc_errors", "single_bit", "double_bit", "total"), _UNDERSCORED),
    (
        *("retired_pages", "multiple_single_bit_retirement", "retired_count"),
    ): "retired_pages.single_bit_ecc.count",
    ("retired_pages", "double_bit_retirement", "retired_count"): "retired_pages.double_bit.count",
    ("retired_pages", "pending_retirement"): "retired_pages.pending",
    ("retired_pages", "pending_blacklist"): "retired_pages.pending",
    ("remapped_rows", "remapped_row_corr"): "remapped_rows.correctable",
    ("remapped_rows", "remapped_row_unc"): "remapped_rows.uncorrectable",
    ("remapped_rows", "remapped_row_pending"): "remapped_rows.pending",
    ("remapped_rows", "remapped_row_failure"): "remapped_rows.failure",
    ("temperature", "gpu_temp"): "temperature.gpu",
    ("temperature", "gpu_temp_tlimit"): "temperature.gpu.tlimit",
    ("temperature", "gpu_temp_slow_threshold"): "temperature.slowdown",
    ("temperature", "gpu_temp_max_threshold"): "temperature.shutdown",
    ("temperature", "memory_temp"): "temperature.memory",
    ("power_readings", "power_draw"): "power.draw",
    ("power_readings", "power_limit"): "power.limit",
    ("power_readings", "enforced_power_limit"): "enforced.power.limit",
    ("gpu_power_readings", "power_draw"): "power.draw",
    ("gpu_power_readings", "average_power_draw"): "power.draw.average",
    ("gpu_power_readings", "instant_power_draw"): "power.draw.instant",
    ("gpu_power_readings", "requested_power_limit"): "power.limit",
    ("gpu_power_readings", "current_power_limit"): "enforced.power.limit",
    ("fabric", "state"): "fabric.state",
    ("fabric", "status"): "fabric.status",
}
"""Tags of `nvidia-smi -q -x`, schema versions 8 to 13."""
