"""The twin's cards: a busy H100, an older card, a workstation's, and four over two hours."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from ml_debugger.artifacts import (
    GpuDevice,
    GpuErrors,
    GpuHistory,
    GpuLinks,
    GpuProcess,
    GpuSeries,
    GpuSnapshot,
)
from ml_debugger.testing.times import same_time

MIB = 2**20
H100 = "NVIDIA H100 80GB HBM3"
H100_BYTES = 81_559 * MIB
"""Memory of an H100 SXM as its driver states it."""

STARTED = datetime(2025, 6, 2, 4, tzinfo=UTC)
SECONDS = 30
SAMPLES = 240

COLUMNS = (
    *("timestamp", "index", "name", "utilization.gpu [%]", "memory.used [MiB]"),
    *("memory.total [MiB]", "temperature.gpu", "power.draw [W]"),
)
"""What `nvidia-smi --query-gpu` names the columns of the log."""


def h100(index: int, rng: np.random.Generator) -> GpuDevice:
    """A busy card within all limits, with all that its driver says."""
    counts = rng.spawn(1)[0]
    used = int(rng.uniform(0.4, 0.6) * H100_BYTES)
    utilisation = round(float(rng.uniform(70, 95)), 1)
    temperature = round(float(rng.uniform(48, 62)), 1)
    return GpuDevice(
        index=index,
        name=H100,
        uuid=f"GPU-5f1c0a2e-0000-4000-8000-00000000000{index}",
        memory_total=H100_BYTES,
        memory_used=used,
        utilisation=utilisation,
        temperature=temperature,
        power_watts=round(float(rng.uniform(380, 560)), 1),
        pci=f"00000000:{24 + 17 * index:02X}:00.0",
        power_limit_watts=700.0,
        memory_reserved=479 * MIB,
        memory_temperature=temperature + 4,
        margin=85 - temperature,
        throttled=(),
        performance=0,
        ecc=True,
        errors=GpuErrors(
            uncorrected_volatile=0,
            uncorrected_aggregate=0,
            corrected_volatile=int(counts.integers(0, 3)),
            corrected_aggregate=int(counts.integers(3, 40)),
            sram_threshold=False,
            remapped_correctable=0,
            remapped_uncorrectable=0,
            remap_pending=False,
            remap_failed=False,
            sram_corrected_volatile=0,
        ),
        connection=GpuLinks(
            generation=5,
            generation_max=5,
            width=16,
            width_max=16,
            replays=int(counts.integers(0, 120)),
            links=18,
            links_down=0,
            link_errors=0,
            fabric="Completed",
            fabric_status="Success",
        ),
        mig=False,
        mig_pending=False,
        persistence=True,
        processes=(GpuProcess(4100 + index, used - 9 * MIB, "python", here=True),),
        capability="9.0",
        recovery_action="None",
    )


def volta_pages(rng: np.random.Generator, single: int | None = None) -> GpuSnapshot:
    """Retired pages of a card that has repaired itself a few times."""
    pages = int(rng.integers(1, 6)) if single is None else single
    errors = GpuErrors(retired_single=pages, retired_double=1, retirement_pending=False)
    return _part("page retirement", GpuDevice(0, "unknown", errors=errors))


def workstation_fan(rng: np.random.Generator) -> GpuSnapshot:
    """A working card with a fan of its own."""
    return _part(
        "fan and temperature",
        GpuDevice(
            0,
            "NVIDIA GeForce RTX 4090",
            utilisation=round(float(rng.uniform(80, 99)), 1),
            temperature=round(float(rng.uniform(58, 66)), 1),
            slowdown_at=90.0,
            fan=round(float(rng.uniform(40, 60))),
        ),
    )


def _part(partial: str, device: GpuDevice) -> GpuSnapshot:
    return GpuSnapshot(
        subject="gpu",
        path=None,
        state="answered",
        devices=(device,),
        driver_version="535.216.03",
        attached=1,
        source="text",
        partial=partial,
    )


def history(rng: np.random.Generator, count: int = 4) -> GpuHistory:
    """A training on several cards: a start, epochs with short evaluations, memory that levels."""
    return GpuHistory(
        subject="gpu",
        path=None,
        series=tuple(_series(index, rng) for index in range(count)),
        started=STARTED.isoformat(),
    )


def _series(index: int, rng: np.random.Generator) -> GpuSeries:
    step = np.arange(SAMPLES)
    starting = step < 4
    evaluating = (step % 40) >= 37
    use = np.where(evaluating, rng.uniform(35, 60, SAMPLES), rng.uniform(88, 100, SAMPLES))
    use[starting] = 0
    memory = np.where(step < 10, 38_000, 40_200) + np.where(step > 40, 900, 0)
    memory = memory + np.where(evaluating, 1_500, 0) + 10 * index
    memory[starting] = 1_200
    watts = 120 + 4.6 * use + rng.normal(0, 8, SAMPLES)
    heat = 34 + 0.03 * watts + np.minimum(step, 20) * 0.4
    return GpuSeries(
        index=index,
        name=H100,
        seconds=[float(SECONDS * number) for number in step],
        utilisation=[float(round(value)) for value in use],
        memory_used=[float(value * MIB) for value in memory],
        temperature=[float(round(value)) for value in heat],
        power_watts=[round(float(value), 2) for value in watts],
        memory_total=H100_BYTES,
    )


def write_history(file: Path, history: GpuHistory) -> None:
    """Write a history as `nvidia-smi --query-gpu=... --format=csv -l 30` logs it."""
    lines = [", ".join(COLUMNS)]
    for number in range(len(history.series[0].seconds)):
        for one in history.series:
            moment = STARTED + timedelta(seconds=float(one.seconds[number]))
            cells = (
                f"{moment:%Y/%m/%d %H:%M:%S}.000",
                str(one.index),
                one.name,
                f"{one.utilisation[number]:.0f} %",
                f"{one.memory_used[number] / MIB:.0f} MiB",
                f"{(one.memory_total or 0) / MIB:.0f} MiB",
                f"{one.temperature[number]:.0f}",
                f"{one.power_watts[number]:.2f} W",
            )
            lines.append(", ".join(cells))
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")


def change_history(
    workspace: Path,
    rng: np.random.Generator,
    change: Callable[[GpuSeries], GpuSeries],
    only: int | None = None,
) -> None:
    """Write the log of the cards anew with all series changed, or with `only` one of them."""
    file = workspace / "snapshots" / "gpu-history.csv"
    whole = history(rng)
    series = tuple(
        change(one) if only is None or one.index == only else one for one in whole.series
    )
    with same_time(file):
        write_history(file, replace(whole, series=series))
