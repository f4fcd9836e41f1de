"""GPU004: so little memory of a card is free that the next allocation fails."""

from __future__ import annotations

from checks.gpu.cards import at, called, saying, verdict
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


@check(
    code="GPU004",
    name="vram-near-full",
    component="infrastructure",
    playbook="gpu-box",
    limits=(
        Limit(
            "free_to_floor",
            "times the floor",
            "below",
            "free memory of the fullest card, as a multiple of the floor",
            "PyTorch's allocator asks for segments of 20 MiB and more, a CUDA context for 0.3 to"
            " 0.5 GiB: below the floor one of them is refused",
            warn=1.0,
        ),
    ),
    settings=(
        Setting(
            "floor_share",
            "percent",
            3,
            "share of a card that should stay free",
            "vLLM fills 90 percent by default, JAX 75 percent; training near 95 is ordinary",
        ),
        Setting(
            "floor_gib",
            "GiB",
            1,
            "free memory that is enough however large the card is",
            "room for one more CUDA context with cuBLAS and cuDNN workspaces",
        ),
    ),
    explained_by=("vram-orphaned", "vram-growth"),
    profiles=("quick", "pre-train", "full"),
)
def vram_near_full(snapshot: GpuSnapshot, settings: Settings) -> Outcome:
    """So little memory of a card is free that the next allocation fails.

    What it measures:
        Free memory of the fullest card (total less used less the driver's own reserve)
        against a floor: 3 percent of the card or 1 GiB, whichever is smaller. A training that
        fills 90 percent is at work and passes.
    Why it matters:
        The next larger batch, the validation step, or a second process ends with "CUDA out
        of memory", often after hours.
    What to do:
        See who holds it (`nvidia-smi`). Another job or a forgotten notebook: end it. Your own
        training: lower the batch, or accumulate gradients. TensorFlow takes nearly all of a
        card at its start and JAX 75 percent without needing it: set
        TF_FORCE_GPU_ALLOW_GROWTH=true or XLA_PYTHON_CLIENT_PREALLOCATE=false to see the need.
    Sources:
        The peers disagree: glances warns from 50 percent and calls 90 critical, nvitop
        colours from 80, an idle gate of facebookresearch/gcm allows 15 MiB. A share alone
        accuses every well-filled card, so ours is what is left for an allocation. JAX
        documentation, "GPU memory allocation"; TensorFlow guide, "Limiting GPU memory
        growth"; vLLM, gpu_memory_utilization = 0.9.
    """
    told = saying(snapshot, "memory", lambda d: bool(d.memory_total and d.memory_used is not None))
    if isinstance(told, NotMeasured):
        return told

    def ratio(device: GpuDevice) -> float:
        total = device.memory_total or 0
        floor = min(settings["floor_share"] / 100 * total, settings["floor_gib"] * GIB)
        return _free(device) / floor if floor > 0 else float("inf")

    ranked = sorted(told, key=ratio)
    fullest = ranked[0]
    full = [device for device in ranked if ratio(device) < 1]
    total = (fullest.memory_total or 0) / GIB
    who = called([fullest]) if len(full) < 2 else f"{called(full)} nearly full; GPU {fullest.index}"
    return verdict(
        snapshot,
        told,
        full,
        title=f"{who} has {_free(fullest) / GIB:.1f} of {total:.1f} GiB free",
        values={"free_to_floor": ratio(fullest)},
        fact=lambda d: Evidence("free", _free(d), "bytes", at(d)),
    )


def _free(device: GpuDevice) -> int:
    """Bytes that neither processes nor the driver hold."""
    held = (device.memory_used or 0) + (device.memory_reserved or 0)
    return max(0, (device.memory_total or 0) - held)


def _says(device: GpuDevice) -> bool:
    return bool(device.memory_total) and device.memory_used is not None
