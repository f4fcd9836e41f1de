"""Measurements of GPUs in columns, which are no features of a market."""

from __future__ import annotations

import re
from collections.abc import Iterable

FIELDS = frozenset(
    (
        *("driver_version", "pci.bus_id", "gpu_name", "gpu_uuid", "uuid", "temperature.gpu"),
        *("utilization.gpu", "utilization.memory", "memory.total", "memory.used", "memory.free"),
        *("power.draw", "power.limit", "fan.speed", "clocks.sm", "clocks.current.sm", "pstate"),
        *("clocks.mem", "pcie.link.gen.current", "pcie.link.width.current", "compute_cap"),
    )
)
"""Names that `nvidia-smi --help-query-gpu` lists."""
LEAST = 3

_UNIT = re.compile(r"\s*\[[^\]]*\]\s*$")


def is_telemetry(columns: Iterable[str]) -> bool:
    """Whether columns are those of `nvidia-smi --query-gpu=... --format=csv`."""
    plain = {_UNIT.sub("", column).strip().lower() for column in columns}
    return len(plain & FIELDS) >= LEAST
