"""GPU006: the memory of a card grows through a whole run and does not level off."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from checks.gpu.cards import numbered
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

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

GIB, MIB = 2**30, 2**20
BLOCKS = 10
WARM_UP = 0.1
"""Share of a run in which caches fill, left out."""

RISING = 7
"""Steps between ten blocks, of nine, that must rise: the running maximum of inputs of varying
length rises in 1/k of the steps, 1.9 of nine."""

LATE = 0.35
"""Least share of the rise in the second half: 0.5 for a leak, 0.27 for a logarithm's growth."""


@dataclass(frozen=True, slots=True)
class Growth:
    """One card's memory over one run: bytes at start and end, and bytes an hour where steady."""

    series: GpuSeries
    first: float
    last: float
    hours: float
    slope: float
    steady: bool

    @property
    def share(self) -> float:
        """The steady rise in percent of the card, or of the peak where its size is not known."""
        whole = self.series.memory_total or self.last
        return 100 * (self.last - self.first) / whole if self.steady and whole > 0 else 0.0

    @property
    def hours_to_full(self) -> float:
        """Hours from the last sample until the card is full; NaN where it does not grow."""
        total = self.series.memory_total
        if not self.steady or total is None or self.slope <= 0:
            return float("nan")
        return max(0.0, total - self.last) / self.slope


@check(
    code="GPU006",
    name="vram-growth",
    component="infrastructure",
    playbook="gpu-box",
    limits=(
        Limit(
            "steady_rise",
            "percent of the card",
            "above",
            "memory gained by steady growth since the start-up, card with the most",
            "PyTorch's caching allocator levels off after some iterations; simulated"
            " fragmentation and evaluation steps stay at 0",
            warn=2,
        ),
        Limit(
            "hours_to_full",
            "hours",
            "below",
            "hours until the card is full at the present growth",
            "a training that is left alone for a night runs out of memory in it",
            fail=12,
        ),
    ),
    settings=(
        Setting("minutes", "minutes", 20, "shortest run that is judged", "two epochs' validation"),
        Setting(
            "least_rise",
            "MiB",
            256,
            "smallest rise that is called growth",
            "one CUDA context or workspace that is loaded late takes as much",
        ),
    ),
    profiles=("quick", "pre-train", "full"),
)
def vram_growth(history: GpuHistory, settings: Settings) -> Outcome:
    """The memory of a card grows through a whole run and does not level off.

    What it measures:
        The lowest memory in use in each tenth of a run, after its first tenth. It grows
        steadily when at least seven of the nine steps rise, none falls, and the second half
        still takes a third of the rise. An evaluation that adds a step, fragmentation that
        levels off, and the rare longer batch do not look like this.
    Why it matters:
        A leak ends a training with "CUDA out of memory" hours later, at a place that has
        nothing to do with it.
    What to do:
        Usual causes: losses summed as tensors instead of `.item()`, outputs kept in a list
        with their graphs, `retain_graph=True`, hooks that keep activations, a growing buffer
        of replays. `torch.cuda.memory._record_memory_history()` shows who allocates. Until it
        is found, restart from checkpoints before the hour in the evidence. Batches that grow
        by a curriculum, or a cache that is filled on purpose, look the same.
    Sources:
        PyTorch documentation, "CUDA semantics: memory management" and "Understanding CUDA
        memory usage". None of the compared tools judges growth over time.
    """
    looked = [_grown(series, settings) for series in history.series]
    grown = [one for one in looked if one is not None]
    if not grown:
        return NotMeasured(
            f"no card holds memory for {settings['minutes']:.0f} minutes in enough samples"
        )
    leaking = sorted((g for g in grown if g.share > 0), key=lambda g: -g.share)
    fullest = [g.hours_to_full for g in leaking if g.hours_to_full == g.hours_to_full]
    return Measurement(
        title=_title(grown, leaking),
        values={
            "steady_rise": max((g.share for g in leaking), default=0.0),
            "hours_to_full": min(fullest, default=float("nan")),
        },
        evidence=_evidence(grown, leaking),
    )


def _title(grown: list[Growth], leaking: list[Growth]) -> str:
    if leaking:
        worst = leaking[0]
        rise = (worst.last - worst.first) / GIB
        full = worst.hours_to_full
        soon = f", full in {full:.0f} h" if full == full else ""
        who = numbered(g.series.index for g in leaking)
        return f"{who}: memory grew steadily by {rise:.1f} GiB in {worst.hours:.1f} h{soon}"
    longest = max(grown, key=lambda g: g.hours)
    who = numbered(g.series.index for g in grown)
    return f"{who}: memory does not grow steadily over {longest.hours:.1f} h"


def _evidence(grown: list[Growth], leaking: list[Growth]) -> tuple[Evidence, ...]:
    shown = leaking[:2] or grown[:1]
    facts = []
    for growth in shown:
        where = numbered([growth.series.index])
        facts.append(Evidence("after_start_up", int(growth.first), "bytes", where))
        facts.append(Evidence("at_the_end", int(growth.last), "bytes", where))
    level = [g.series.index for g in grown if g not in leaking]
    if leaking and level:
        facts.append(Evidence("without_it", numbered(level)))
    return tuple(facts)


def _grown(series: GpuSeries, settings: Settings) -> Growth | None:
    """How the longest run of a card grew, None where there is too little of it."""
    import numpy as np

    seconds = np.asarray(series.seconds, dtype=float)
    memory = np.asarray(series.memory_used, dtype=float)
    known = np.isfinite(seconds) & np.isfinite(memory)
    seconds, memory = seconds[known], memory[known]
    if len(seconds) < 3 * BLOCKS:
        return None
    begin, end = _longest_run(memory >= 0.1 * memory.max())
    seconds, memory = seconds[begin:end], memory[begin:end]
    lasted = float(seconds[-1] - seconds[0]) if len(seconds) else 0.0
    if lasted < 60 * settings["minutes"] or memory.max() < settings["least_rise"] * MIB:
        return None
    start = seconds[0] + WARM_UP * lasted
    edges = np.linspace(start, seconds[-1], BLOCKS + 1)
    block = np.searchsorted(edges, seconds, side="right") - 1
    block[seconds >= edges[-1]] = BLOCKS - 1
    if np.bincount(block[block >= 0], minlength=BLOCKS).min() < 2:
        return None
    floors = np.array([memory[block == number].min() for number in range(BLOCKS)])
    steps = np.diff(floors)
    rise = float(floors[-1] - floors[0])
    still = max(16 * MIB, 0.02 * abs(rise))
    late = float(floors[-1] - floors[BLOCKS // 2 - 1 : BLOCKS // 2 + 1].mean())
    steady = (
        int((steps > min(still, 0.3 * rise / len(steps))).sum()) >= RISING
        and bool((steps > -still).all())
        and rise >= settings["least_rise"] * MIB
        and late >= LATE * rise
    )
    middle = (edges[1:] + edges[:-1])[BLOCKS // 2 :] / 7200
    slope = float(np.polyfit(middle, floors[BLOCKS // 2 :], 1)[0])
    return Growth(series, float(floors[0]), float(floors[-1]), lasted / 3600, slope, steady)


def _longest_run(held: NDArray[np.bool_]) -> tuple[int, int]:
    """Begin and end of the longest stretch of true values."""
    import numpy as np

    padded = np.concatenate(([0], held.astype(int), [0]))
    begins, ends = np.flatnonzero(np.diff(padded) == 1), np.flatnonzero(np.diff(padded) == -1)
    if not len(begins):
        return 0, 0
    longest = int(np.argmax(ends - begins))
    return int(begins[longest]), int(ends[longest])
