"""GPU007: a training runs and the cards wait most of the time."""

from __future__ import annotations

from dataclasses import dataclass

from ml_debugger.artifacts import GpuHistory, GpuSeries
from ml_debugger.contract import (
    Evidence,
    Limit,
    Measurement,
    NotMeasured,
    Outcome,
    Setting,
    Settings,
    check,
)

GIB = 2**30
LEAST_SAMPLES = 40
PARTS = 8
ORDINARY = 50.0
"""Percent of idle samples that need no explanation by a training."""

HARD = 80.0
"""Utilisation, in percent, that a training reaches while it works; light services do not."""

MOST_SCATTER = 24.3
"""Chi-squared of eight shares of one constant share, exceeded in one of a thousand cases."""


@dataclass(frozen=True, slots=True)
class Work:
    """What the busiest card did. `parts` is its busy share in each eighth of the time; `held` the
    least and the most memory in bytes, NaN where not said."""

    index: int
    idle: float
    p95: float
    minutes: float
    samples: int
    parts: tuple[float, ...]
    held: tuple[float, float]
    worked: bool


@check(
    code="GPU007",
    name="gpu-idle-while-training",
    component="infrastructure",
    playbook="gpu-box",
    limits=(
        Limit(
            "idle_share",
            "percent",
            "above",
            "samples in which the busiest card does nothing while a training is known to run",
            "Jeon and others, USENIX ATC 2019: trainings in a shared cluster use their cards half"
            " of the time on average; the failure means that the card is hardly used at all",
            warn=50,
            fail=95,
        ),
        Limit(
            "idle_share_by_pattern",
            "percent",
            "above",
            "the same, where only the regular pattern of work and waiting tells of a training",
            "Jeon and others, USENIX ATC 2019; ten points more because nobody said that it was"
            " a training",
            warn=60,
        ),
    ),
    settings=(
        Setting(
            "idle_below",
            "percent",
            10,
            "utilisation under which a sample counts as idle",
            "XuehaiPan/nvitop calls a card idle up to 10 percent",
        ),
        Setting(
            "minutes",
            "minutes",
            10,
            "shortest time that is judged",
            "beyond the loading of data at the start",
        ),
    ),
    explained_by=("uneven-load", "slow-disk", "cpu-quota", "small-shm"),
    profiles=("quick", "pre-train", "full"),
)
def gpu_idle_while_training(history: GpuHistory, settings: Settings) -> Outcome:
    """A training runs and the cards wait most of the time.

    What it measures:
        The share of samples in which even the busiest card is under 10 percent of
        utilisation, from its first work to its last. Where nobody knows that a training ran,
        only a regular pattern is judged: memory held throughout, and work in every eighth of
        the time in the same share but for chance, hard where there is any. A service that
        answers requests by day, or with light kernels, has no such pattern; a heavy and steady
        one can look like it.
    Why it matters:
        The card is paid for by the hour. Waiting for input is the most common reason why a
        training takes three times as long as it must.
    What to do:
        Look at the processors (`top`): all busy means too few workers or too much work in the
        loader; idle means reading, so look at the disk. Raise `num_workers`, `prefetch_factor`
        and `pin_memory`, or hold the features on the card: 154 features of 500 tickers fit.
        No work at all: the model is on the CPU (`.to("cuda")`, `device="cuda"`).
    Sources:
        Jeon, Venkataraman, Phanishayee, Qian, Xiao, Yang: "Analysis of Large-Scale
        Multi-Tenant GPU Clusters for DNN Training Workloads", USENIX ATC 2019. NVIDIA,
        nvidia-smi manual: utilisation is the share of time in which a kernel ran, so a small
        kernel counts as full work. gpud, DCGM and gcm only show it.
    """
    if history.training is False:
        return NotMeasured("no training ran meanwhile")
    works = [w for series in history.series if (w := _work(series, settings)) is not None]
    if not works:
        return NotMeasured("no card says its utilisation in enough samples")
    busiest = min(works, key=lambda work: work.idle)
    long_enough = busiest.minutes >= settings["minutes"] * (1 if busiest.worked else 3)
    if busiest.samples < LEAST_SAMPLES or not long_enough:
        return NotMeasured(
            f"{busiest.samples} samples over {busiest.minutes:.0f} minutes are too few"
        )
    if history.training:
        name = "idle_share"
    elif busiest.idle <= ORDINARY or _regular(busiest):
        name = "idle_share_by_pattern"
    else:
        return NotMeasured(
            f"GPU {busiest.index} is idle {busiest.idle:.0f} % of the time, and nobody says"
            " that a training ran"
        )
    return Measurement(
        title=f"The busiest card, GPU {busiest.index}, waits {busiest.idle:.0f} % of"
        f" {_lasting(busiest.minutes)}",
        values={name: busiest.idle},
        evidence=(
            Evidence("p95_utilisation", round(busiest.p95, 1), "percent"),
            Evidence("samples", busiest.samples, "samples"),
            *(
                Evidence("idle", round(work.idle, 1), "percent", f"GPU {work.index}")
                for work in works[:3]
                if work is not busiest
            ),
        ),
    )


def _work(series: GpuSeries, settings: Settings) -> Work | None:
    import numpy as np

    seconds = np.asarray(series.seconds, dtype=float)
    use = np.asarray(series.utilisation, dtype=float)
    memory = np.asarray(series.memory_used, dtype=float)
    known = np.isfinite(seconds) & np.isfinite(use)
    if known.sum() < 2:
        return None
    seconds, use, memory = seconds[known], use[known], memory[known]
    busy = np.flatnonzero(use >= settings["idle_below"])
    if len(busy) > 1:
        window = slice(busy[0], busy[-1] + 1)
        seconds, use, memory = seconds[window], use[window], memory[window]
    working = use >= settings["idle_below"]
    held = memory[np.isfinite(memory)]
    nothing = float("nan")
    return Work(
        index=series.index,
        idle=100 * float(1 - working.mean()),
        p95=float(np.percentile(use, 95)),
        minutes=float(seconds[-1] - seconds[0]) / 60,
        samples=len(use),
        parts=tuple(float(part.mean()) for part in np.array_split(working, PARTS) if len(part)),
        held=(float(held.min()), float(held.max())) if len(held) else (nothing, nothing),
        worked=len(busy) > 1,
    )


def _regular(work: Work) -> bool:
    """Work in the same share throughout on memory that is held: a loop, whatever it does."""
    least, most = work.held
    share = 1 - work.idle / 100
    variance = share * (1 - share) * PARTS / work.samples
    scatter = sum((part - share) ** 2 for part in work.parts)
    return (
        least >= GIB
        and least >= 0.5 * most
        and min(work.parts) > 0
        and work.p95 >= HARD
        and scatter <= MOST_SCATTER * variance
    )


def _lasting(minutes: float) -> str:
    return f"{minutes:.0f} minutes" if minutes < 120 else f"{minutes / 60:.1f} hours"
