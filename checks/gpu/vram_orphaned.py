"""GPU005: a card's memory is held and no process is seen that holds it."""

from __future__ import annotations

from checks.gpu.cards import at, called, saying, verb, verdict
from ml_debugger.artifacts import GpuDevice, GpuSnapshot
from ml_debugger.contract import (
    Evidence,
    Limit,
    NotMeasured,
    Outcome,
    Setting,
    Settings,
    check,
)

GIB = 2**30
ASLEEP = 5.0
"""Percent of utilisation up to which nothing computes."""


@check(
    code="GPU005",
    name="vram-orphaned",
    component="infrastructure",
    playbook="gpu-box",
    limits=(
        Limit(
            "orphaned",
            "cards",
            "above",
            "cards whose memory is held while no process is seen and nothing computes",
            "memory of an ended process is given back; none of the compared tools reports this",
            warn=0,
        ),
    ),
    settings=(
        Setting(
            "least_held",
            "GiB",
            1,
            "memory beyond the driver's reserve from which it counts as held",
            "published outputs of idle cards: up to 0.03 GiB used, and 0.6 GiB on drivers that"
            " count their reserve as used",
        ),
    ),
    profiles=("quick", "pre-train", "full"),
)
def vram_orphaned(snapshot: GpuSnapshot, settings: Settings) -> Outcome:
    """A card's memory is held and no process is seen that holds it.

    What it measures:
        Cards with 1 GiB and more in use for which the driver lists no process, on which
        nothing computes at this moment, while no process here has a card's device file open.
        Where the list of processes is not readable, or where nobody could look for open
        device files, nothing is concluded.
    Why it matters:
        A worker that outlived its training, or hangs in the driver, keeps its memory: the
        next training runs out of memory on a card that looks free.
    What to do:
        Inside a container the processes of other containers are never listed: ask the owner
        of the machine, or look on the host. On the host: `fuser -v /dev/nvidia*` names who
        has a card open; end it with SIGTERM, and with nobody there reset the card at the next
        stop (`nvidia-smi --gpu-reset`). A process in state D waits for the driver: leave it.
    Sources:
        XuehaiPan/nvitop issue 134 and Syllo/nvtop issue 149: in containers NVML gives numbers
        of the host's processes or none. NVIDIA, nvidia-smi manual, compute processes. No
        compared tool holds used memory against the listed processes.
    """
    told = saying(
        snapshot,
        "processes and memory",
        lambda d: d.processes is not None and d.memory_used is not None and not d.mig,
    )
    if isinstance(told, NotMeasured):
        return told
    floor = settings["least_held"] * GIB
    held = [d for d in told if not d.processes and (d.memory_used or 0) >= floor]
    quiet = [d for d in held if d.utilisation is not None and d.utilisation <= ASLEEP]
    if quiet and snapshot.users is None:
        return NotMeasured(
            f"{called(quiet)} {verb(quiet, 'holds', 'hold')} memory of processes that are not"
            " listed, and nobody looked who has the device files open; in a container that is"
            " ordinary"
        )
    orphaned = [] if snapshot.users else quiet
    return verdict(
        snapshot,
        told,
        orphaned,
        title=_title(snapshot, told, held, orphaned),
        values={"orphaned": len(orphaned)},
        fact=lambda d: Evidence("held", d.memory_used, "bytes", at(d)),
    )


def _title(
    snapshot: GpuSnapshot,
    told: list[GpuDevice],
    held: list[GpuDevice],
    orphaned: list[GpuDevice],
) -> str:
    if orphaned:
        amount = sum(d.memory_used or 0 for d in orphaned) / GIB
        who = "held outside this container or by a process that is gone"
        return f"{called(orphaned)}: {amount:.1f} GiB {who}"
    if held and snapshot.users:
        count = len(snapshot.users)
        users = "1 process here" if count == 1 else f"{count} processes here"
        return f"{called(held)}: memory without listed process, {users} with the cards open"
    if held:
        return f"{called(held)}: memory without listed process, in use by kernels"
    return f"{called(told)}: no memory is held without a process"
