"""Boxes for the tests of cards: what their drivers say, healthy unless a test changes it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np

from ml_debugger.artifacts import (
    Expectations,
    GpuDevice,
    GpuErrors,
    GpuHistory,
    GpuLinks,
    GpuProcess,
    GpuSeries,
    GpuSnapshot,
)
from ml_debugger.testing.twins import cards

MIB, GIB = 2**20, 2**30
ABSENT = GpuSnapshot("gpu", None, "absent")
UNREACHABLE = GpuSnapshot("gpu", None, "unreachable", detail="Driver/library version mismatch")


def box(*devices: GpuDevice, **said: Any) -> GpuSnapshot:
    """A driver that answers with these cards."""
    known = {"source": "nvml", "attached": len(devices), "users": (), **said}
    return GpuSnapshot("gpu", None, "answered", tuple(devices), "570.124.06", **known)


def h100s(count: int = 8, **changes: Any) -> list[GpuDevice]:
    """Busy H100 cards, all with these changes."""
    rng = np.random.default_rng(5)
    return [replace(cards.h100(index, rng), **changes) for index in range(count)]


def one(device: GpuDevice | None = None, **changes: Any) -> GpuSnapshot:
    """A box with one H100, or another card, changed."""
    return box(replace(device or h100s(1)[0], **changes))


def among(count: int, at: int, **changes: Any) -> GpuSnapshot:
    """A box of H100 cards of which one is changed."""
    devices = h100s(count)
    devices[at] = replace(devices[at], **changes)
    return box(*devices)


IDLE = {
    "utilisation": 0.0,
    "memory_used": 4 * MIB,
    "power_watts": 71.0,
    "temperature": 31.0,
    "margin": 54.0,
    "throttled": ("idle",),
    "processes": (),
}

GAMING = GpuDevice(
    index=0,
    name="NVIDIA GeForce RTX 4090",
    memory_total=24_564 * MIB,
    memory_used=1_480 * MIB,
    utilisation=7.0,
    temperature=41.0,
    power_watts=31.0,
    power_limit_watts=450.0,
    margin=49.0,
    fan=0.0,
    throttled=("software-power-cap",),
    performance=8,
    connection=GpuLinks(generation=1, generation_max=4, width=16, width_max=16, replays=0),
    persistence=False,
    processes=(GpuProcess(2301, 410 * MIB, "Xorg"), GpuProcess(2977, None, "firefox")),
    capability="8.9",
)
T4 = GpuDevice(
    index=0,
    name="Tesla T4",
    memory_total=15_360 * MIB,
    memory_used=14_100 * MIB,
    utilisation=98.0,
    temperature=78.0,
    power_watts=69.8,
    power_limit_watts=70.0,
    slowdown_at=93.0,
    throttled=("software-power-cap",),
    performance=0,
    ecc=True,
    errors=GpuErrors(0, 0, 2, 2, None, 0, 0, False),
    connection=GpuLinks(generation=3, generation_max=3, width=8, width_max=16, replays=3),
    persistence=True,
    processes=(GpuProcess(88, 14_090 * MIB, "python", True),),
    capability="7.5",
)
A10 = replace(
    T4, name="NVIDIA A10", memory_total=23_028 * MIB, fan=0.0, temperature=76.0, slowdown_at=98.0
)
MIG_A100 = GpuDevice(
    index=0,
    name="NVIDIA A100-SXM4-40GB",
    memory_total=40_960 * MIB,
    memory_used=19_000 * MIB,
    temperature=55.0,
    slowdown_at=89.0,
    throttled=(),
    performance=0,
    ecc=True,
    errors=GpuErrors(0, 0, 0, 0, remap_pending=False, remap_failed=False),
    connection=GpuLinks(4, 4, 16, 16, 0, links=12, links_down=12),
    mig=True,
    mig_pending=True,
    slices=2,
    persistence=False,
    processes=(),
)
K80 = GpuDevice(
    index=0,
    name="Tesla K80",
    memory_total=11_441 * MIB,
    memory_used=0,
    utilisation=0.0,
    temperature=28.0,
    slowdown_at=88.0,
    throttled=("application-clocks",),
    performance=8,
    ecc=True,
    errors=GpuErrors(0, 0, 0, 0, None, 2, 1, False),
    connection=GpuLinks(1, 3, 16, 16, 0),
    persistence=False,
    processes=(),
)
WSL = GpuDevice(
    index=0,
    name="NVIDIA GeForce RTX 3080",
    memory_total=10_240 * MIB,
    memory_used=2_900 * MIB,
    utilisation=2.0,
    temperature=44.0,
    slowdown_at=95.0,
    fan=0.0,
    throttled=(),
    performance=8,
    connection=GpuLinks(4, 4, 16, 16),
    persistence=True,
    processes=None,
)
A6000 = GpuDevice(
    index=0,
    name="NVIDIA RTX A6000",
    memory_total=49_140 * MIB,
    memory_used=12 * MIB,
    utilisation=0.0,
    temperature=38.0,
    slowdown_at=95.0,
    fan=30.0,
    throttled=("idle",),
    performance=8,
    connection=GpuLinks(1, 4, 16, 16, 0, links=4, links_down=4),
    mig=None,
    persistence=False,
    processes=(),
)

HEALTHY = {
    "idle rented H100 x8": box(*h100s(8, **IDLE)),
    "busy training on H100 x8": box(*h100s(8), users=(4100,)),
    "filled to 95 percent": box(*h100s(8, memory_used=77_400 * MIB)),
    "H100 at its power limit": box(*h100s(2, throttled=("software-power-cap",), power_watts=699.0)),
    "gaming card with a display": box(GAMING),
    "gaming card under load": one(
        GAMING,
        utilisation=98.0,
        temperature=74.0,
        margin=16.0,
        fan=55.0,
        performance=2,
        connection=GpuLinks(4, 4, 16, 16, 0),
    ),
    "quiet card with its fan off under first load": one(
        GAMING, utilisation=98.0, temperature=54.0, margin=36.0, connection=GpuLinks(4, 4, 16, 16)
    ),
    "passive T4 with eight lanes": box(T4),
    "passive A10 that reports a fan of 0": box(A10),
    "MIG A100": box(MIG_A100),
    "K80 with three old pages": box(K80, replace(K80, index=1)),
    "WSL": box(WSL, users=None, signs=("/dev/dxg",)),
    "two cards without a bridge": box(A6000, replace(A6000, index=1)),
    "container that lists no process": box(
        *h100s(1, processes=(), utilisation=0.0), users=(17, 18)
    ),
    "container that computes": box(*h100s(1, processes=()), users=()),
    "card repaired by row remapping": one(
        errors=GpuErrors(
            0, 4, 0, 10, False, remapped_uncorrectable=4, remap_pending=False, remap_failed=False
        )
    ),
    "links that corrected a few errors": box(
        *(
            replace(d, connection=replace(d.connection, link_errors=300 + 40 * d.index))
            for d in h100s(8)
        )
    ),
    "card that another user may not ask": box(
        *h100s(1), GpuDevice(1, "unknown", problem="Insufficient Permissions")
    ),
}
"""Snapshots on which no check may raise an alarm."""


def expecting(**said: Any) -> Expectations:
    """A configuration that expects these things."""
    return Expectations("configuration", None, date(2025, 6, 2), **said)


def history_of(*series: GpuSeries, training: bool | None = None) -> GpuHistory:
    """A history of these series."""
    return GpuHistory("gpu", None, tuple(series), training=training)


def series_of(
    use: Any,
    memory_gib: Any = 40.0,
    *,
    index: int = 0,
    every: float = 30.0,
    watts: Any = None,
    total: int | None = cards.H100_BYTES,
) -> GpuSeries:
    """A card over time; numbers stand for constant columns."""
    use = np.asarray(use, dtype=float)
    count = len(use)

    def column(values: Any) -> list[float]:
        return [float(v) for v in np.broadcast_to(np.asarray(values, dtype=float), (count,))]

    power = 120 + 4.5 * use if watts is None else watts
    memory = [value * GIB for value in column(memory_gib)]
    seconds = [every * number for number in range(count)]
    heat = column(55)
    return GpuSeries(index, cards.H100, seconds, column(use), memory, heat, column(power), total)
