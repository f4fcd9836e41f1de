"""GPU010: more corrected memory errors than a sound card has."""

from __future__ import annotations

from checks.gpu.cards import at, called, saying, verdict
from ml_debugger.artifacts import GpuDevice, GpuSnapshot
from ml_debugger.contract import Evidence, Limit, NotMeasured, Outcome, check


@check(
    code="GPU010",
    name="ecc-correctable-rate",
    component="infrastructure",
    playbook="gpu-box",
    limits=(
        Limit(
            "sram",
            "errors",
            "above",
            "corrected errors in the chip's own memory since the driver was loaded, worst card",
            "Azure/azurehpc-health-checks, conf/nd96isr_h100_v5.conf: SRAM above 10,000",
            warn=10_000,
        ),
        Limit(
            "all_memory",
            "errors",
            "above",
            "corrected errors in all memory since the driver was loaded, worst card",
            "Azure/azurehpc-health-checks, conf/nd96isr_h100_v5.conf: DRAM above 20,000,000;"
            " facebookresearch/gcm: above 50,000,000",
            warn=20_000_000,
        ),
    ),
    profiles=("pre-train", "full"),
)
def ecc_correctable_rate(snapshot: GpuSnapshot) -> Outcome:
    """More corrected memory errors than a sound card has.

    What it measures:
        Corrected (single-bit) errors since the driver was loaded, of the card with the most:
        those of the chip's own memory (SRAM) where the driver counts them apart, and all
        together. Counts of the card's whole life are told and not judged, since its age is
        not known.
    Why it matters:
        A corrected error does no harm. Very many are the sign of a memory cell or a voltage
        that is going, and come before the first error that cannot be corrected.
    What to do:
        Nothing at once. Note the count and look again after a day of work; a card whose count
        keeps climbing is to be reset at the next stop and watched.
    Sources:
        The tools disagree by a factor of 5,000: Azure warns above 10,000 in SRAM and above 20
        million in DRAM, gcm above 50 million in all, and the rate in NVIDIA DCGM (10) is
        marked as a dummy there. Ours are Azure's, the only ones given by kind of memory and
        for a current card. NVIDIA, nvidia-smi manual, ECC errors.
    """
    told = saying(
        snapshot,
        "corrected ECC errors",
        lambda d: (
            d.errors.corrected_volatile is not None or d.errors.sram_corrected_volatile is not None
        ),
    )
    if isinstance(told, NotMeasured):
        return told
    worst = max(told, key=_all)
    sram = [d.errors.sram_corrected_volatile for d in told]
    known = [count for count in sram if count is not None]
    with_errors = sorted((d for d in told if _all(d)), key=_all, reverse=True)
    title = f"{called(told)}: no corrected memory error since the driver was loaded"
    if _all(worst):
        title = f"{called([worst])} corrected {_all(worst):,} memory errors"
        title += ", the most" if len(told) > 1 else " since the driver was loaded"
    return verdict(
        snapshot,
        told,
        with_errors,
        title=title,
        values={"sram": max(known, default=float("nan")), "all_memory": _all(worst)},
        fact=lambda d: Evidence("corrected", _all(d), "errors", at(d)),
    )


def _all(device: GpuDevice) -> int:
    errors = device.errors
    return max(errors.corrected_volatile or 0, errors.sram_corrected_volatile or 0)
