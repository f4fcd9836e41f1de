"""GPU008: one of several cards does nothing, or far less, while the others work."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Any

from checks.gpu.cards import numbered
from ml_debugger.artifacts import Expectations, GpuHistory, GpuSeries
from ml_debugger.contract import Evidence, Limit, Measurement, NotMeasured, Outcome, check

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.floating[Any]]

BINS = 20
LEAST_MINUTES = 10.0
BUSY, IDLE = 50.0, 10.0
"""Mean utilisation, in percent, from which a card works and under which it does nothing."""

ALIKE = 0.25
"""Share by which the memory of cards in one job may differ."""

SAME = 0.1
"""The same for cards whose work is compared: jobs side by side often hold like amounts."""


@dataclass(frozen=True, slots=True)
class Load:
    """Means of one card over the time in which any card worked; NaN where not said."""

    index: int
    name: str
    use: float
    power: float
    memory: float
    idle_bins: float


@check(
    code="GPU008",
    name="uneven-load",
    component="infrastructure",
    playbook="gpu-box",
    limits=(
        Limit(
            "idle_members",
            "cards",
            "above",
            "cards that hold a job's memory and do nothing while others work",
            "all ranks of a data-parallel job compute or wait in a kernel: none is idle for long",
            warn=0,
        ),
        Limit(
            "behind",
            "percent",
            "above",
            "power, or utilisation where power is not known, of the slowest card of a job under"
            " the median of its like",
            "cards of one model in one job differ by 5 to 10 percent; 40 is four times that",
            warn=40,
        ),
        Limit(
            "left_out",
            "cards",
            "above",
            "single cards without any work where the configuration counts all for training",
            "the user's own expectation (expect.gpus and expect.gpu_training)",
            warn=0,
        ),
    ),
    explained_by=("throttled-thermal", "throttled-power", "pcie-degraded", "gpu-lost"),
    profiles=("full",),
)
def uneven_load(history: GpuHistory, expectations: Expectations | None) -> Outcome:
    """One of several cards does nothing, or far less, while the others work.

    What it measures:
        The mean utilisation, power and memory of each card over the time in which at least
        one worked. A card that holds as much memory as the working ones and stays idle is
        part of a job and does nothing. Among cards of one name with like memory, the power of
        each is compared with the median. Cards without memory of a job are told; they count
        only where the configuration rents all cards for training and one is left out.
    Why it matters:
        A data-parallel training is as fast as its slowest card. One that hangs holds all
        others in a collective until the time-out; they show full utilisation meanwhile.
    What to do:
        `nvidia-smi dmon` beside the cards' temperatures and clocks: a hot or capped card is
        slow. An idle card with memory: TensorFlow takes all cards and uses the first (limit
        it with CUDA_VISIBLE_DEVICES), or a rank hangs (`py-spy dump --pid`). Check that each
        rank sets its own device.
    Sources:
        NVIDIA, nvidia-smi manual: utilisation counts a waiting collective as work, so power
        tells the difference. TensorFlow guide, "Use a GPU": all memory of all visible cards
        is taken. None of the compared tools compares cards with each other.
    """
    if len(history.series) < 2:
        return NotMeasured("one card: there is nothing to compare it with")
    loads, minutes = _loads(history.series)
    if minutes < LEAST_MINUTES:
        return NotMeasured(f"the cards work together for {minutes:.0f} minutes: too little")
    busy = [load for load in loads if load.use >= BUSY]
    if not busy:
        return NotMeasured("no card works for most of the time")
    idle = [load for load in loads if load.use < IDLE and load.idle_bins >= 0.8]
    members = [load for load in idle if _in_job(load, busy)]
    unused = [load for load in idle if load not in members]
    left_out = unused if _all_wanted(expectations, loads) and _odd(unused, busy) else []
    slowest, behind = _slowest(loads)
    return Measurement(
        title=_title(busy, members, unused, slowest, behind),
        values={"idle_members": len(members), "behind": behind, "left_out": len(left_out)},
        evidence=tuple(
            Evidence("mean", _told(load), None, f"GPU {load.index}")
            for load in sorted(loads, key=lambda load: load.use)[:4]
        ),
    )


def _loads(series: tuple[GpuSeries, ...]) -> tuple[list[Load], float]:
    """The loads of the cards that say their utilisation, and the minutes in which any worked."""
    import numpy as np

    arrays = [
        tuple(
            np.asarray(column, dtype=float)
            for column in (one.seconds, one.utilisation, one.power_watts, one.memory_used)
        )
        for one in series
    ]
    known = [
        (one, columns)
        for one, columns in zip(series, arrays, strict=True)
        if (np.isfinite(columns[0]) & np.isfinite(columns[1])).sum() >= BINS
    ]
    if len(known) < 2:
        return [], 0.0
    begin = max(float(np.nanmin(columns[0])) for _, columns in known)
    end = min(float(np.nanmax(columns[0])) for _, columns in known)
    if end <= begin:
        return [], 0.0
    edges = np.linspace(begin, end, BINS + 1)
    means = [_means(columns, edges) for _, columns in known]
    working = np.nan_to_num(np.array([table[0] for table in means]), nan=0.0).max(axis=0) >= BUSY
    if not working.any():
        return [], 0.0
    loads = []
    for (one, _), table in zip(known, means, strict=True):
        use, power, memory = (_mean(row[working]) for row in table)
        sleeping = float((table[0][working] < IDLE).mean())
        loads.append(Load(one.index, one.name, use, power, memory, sleeping))
    return loads, float(working.sum()) * (end - begin) / BINS / 60


def _means(columns: tuple[Floats, ...], edges: Floats) -> list[Floats]:
    import numpy as np

    seconds, *values = columns
    place = np.searchsorted(edges, seconds, side="right") - 1
    place[seconds == edges[-1]] = BINS - 1
    return [np.array([_mean(value[place == number]) for number in range(BINS)]) for value in values]


def _mean(values: Floats) -> float:
    import numpy as np

    array = values[np.isfinite(values)]
    return float(array.mean()) if len(array) else float("nan")


def _in_job(load: Load, busy: list[Load]) -> bool:
    held = [other.memory for other in busy]
    typical = median(held)
    return load.memory >= 2**30 and abs(load.memory - typical) <= ALIKE * typical


def _odd(unused: list[Load], busy: list[Load]) -> bool:
    return len(unused) == 1 and len(busy) > 2


def _all_wanted(expectations: Expectations | None, loads: list[Load]) -> bool:
    return (
        expectations is not None
        and bool(expectations.gpu_training)
        and expectations.gpus is not None
        and expectations.gpus >= len(loads)
    )


def _slowest(loads: list[Load]) -> tuple[Load | None, float]:
    """The card furthest behind its like, and by how many percent; three alike are needed."""
    working = [load for load in loads if load.use >= IDLE]
    found: tuple[Load | None, float] = None, float("nan")
    for name in sorted({load.name for load in working}):
        cards = [load for load in working if load.name == name]
        typical = median(load.memory for load in cards)
        alike = [load for load in cards if abs(load.memory - typical) <= SAME * typical]
        if len(alike) < 3:
            continue
        powered = all(load.power == load.power for load in alike)
        work = {load.index: load.power if powered else load.use for load in alike}
        usual = median(work.values())
        slowest = min(alike, key=lambda load: work[load.index])
        behind = 100 * (1 - work[slowest.index] / usual) if usual > 0 else 0.0
        if not behind <= found[1]:
            found = slowest, behind
    return found


def _title(
    busy: list[Load],
    members: list[Load],
    unused: list[Load],
    slowest: Load | None,
    behind: float,
) -> str:
    others = numbered(load.index for load in busy)
    if members:
        who = numbered(load.index for load in members)
        return f"{who}: memory held and no work, while {others} work"
    if slowest is not None and behind > 40:
        return f"GPU {slowest.index} does {behind:.0f} % less work than its like"
    spare = f"; {numbered(load.index for load in unused)} unused" if unused else ""
    if slowest is not None:
        return f"{others} work alike, the slowest {max(0.0, behind):.0f} % behind{spare}"
    return f"{others} {'works' if len(busy) == 1 else 'work'}{spare}"


def _told(load: Load) -> str:
    parts = [f"{load.use:.0f} % busy"]
    parts += [f"{load.power:.0f} W"] if load.power == load.power else []
    parts += [f"{load.memory / 2**30:.1f} GiB"] if load.memory == load.memory else []
    return ", ".join(parts)
