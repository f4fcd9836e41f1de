"""GPU009: memory errors that ECC could not correct."""

from __future__ import annotations

from checks.gpu.cards import at, called, saying, verb, verdict
from ml_debugger.artifacts import GpuDevice, GpuSnapshot
from ml_debugger.contract import Evidence, Limit, NotMeasured, Outcome, check


@check(
    code="GPU009",
    name="ecc-uncorrectable",
    component="infrastructure",
    playbook="gpu-box",
    limits=(
        Limit(
            "volatile",
            "errors",
            "above",
            "uncorrectable errors since the driver was loaded, over all cards",
            "NVIDIA DCGM, DcgmHealthWatch: any volatile double-bit error fails; gcm and the"
            " Google health check: above 0",
            fail=0,
        ),
        Limit(
            "aggregate",
            "errors",
            "above",
            "uncorrectable errors in the cards' lives beyond those that repaired rows explain",
            "Azure health check: above 0 in SRAM, volatile or aggregate; DCGM leaves them out",
            warn=0,
        ),
        Limit(
            "over_threshold",
            "cards",
            "above",
            "cards whose driver says that too many SRAM errors came",
            "NVIDIA GPU memory error management: SRAM Threshold Exceeded, run field diagnostics",
            fail=0,
        ),
    ),
    profiles=("quick", "pre-train", "full"),
)
def ecc_uncorrectable(snapshot: GpuSnapshot) -> Outcome:
    """Memory errors that ECC could not correct.

    What it measures:
        Uncorrectable (double-bit) errors since the driver was loaded, those of the card's
        whole life, and the driver's own flag that SRAM errors passed its threshold. Errors of
        the card's life for which as many rows were remapped are repaired and only told.
        Cards without ECC, or with ECC off, say nothing and are not judged.
    Why it matters:
        Since the driver was loaded: a kernel read wrong data and was ended, or its results
        are spoiled. In the card's life: this card failed before, and fails again more often
        than others.
    What to do:
        End the training on this card, note the counts (`nvidia-smi -q -d ECC`), reset the card
        or restart the machine, and run `dcgmi diag -r 3`. Errors that come back are a reason
        to return the card. Go on from a checkpoint written before the first error.
    Sources:
        The tools disagree. DCGM fails on any volatile error; Azure also on aggregate SRAM
        errors; gcm and Google on any; leptonai/gpud never on counts. Ours: volatile errors
        spoiled this session and fail; an old one warns, because the card works and its owner
        must know. NVIDIA, "GPU Memory Error Management" and nvidia-smi manual, ECC errors.
    """
    told = saying(snapshot, "uncorrectable ECC errors", _says)
    if isinstance(told, NotMeasured):
        return told
    concerned = [d for d in told if _volatile(d) or _unexplained(d) or d.errors.sram_threshold]
    now, ever = sum(map(_volatile, told)), sum(map(_unexplained, told))
    flagged = sum(1 for d in told if d.errors.sram_threshold)
    return verdict(
        snapshot,
        told,
        sorted(concerned, key=_volatile, reverse=True),
        title=_title(told, concerned, now, ever),
        values={"volatile": now, "aggregate": ever, "over_threshold": flagged},
        fact=lambda d: Evidence(
            "uncorrectable",
            f"{_volatile(d)} since the driver was loaded,"
            f" {d.errors.uncorrected_aggregate or 0} in its life",
            None,
            at(d),
        ),
    )


def _says(device: GpuDevice) -> bool:
    errors = device.errors
    return (errors.uncorrected_volatile, errors.uncorrected_aggregate, errors.sram_threshold) != (
        None,
        None,
        None,
    )


def _volatile(device: GpuDevice) -> int:
    return device.errors.uncorrected_volatile or 0


def _unexplained(device: GpuDevice) -> int:
    """Errors of the card's life beyond the rows that were remapped for them."""
    repaired = device.errors.remapped_uncorrectable or 0
    return max(0, (device.errors.uncorrected_aggregate or 0) - repaired)


def _title(told: list[GpuDevice], concerned: list[GpuDevice], now: int, ever: int) -> str:
    if now:
        bad = [d for d in concerned if _volatile(d)]
        return f"{called(bad)}: {_errors(now)} since the driver was loaded"
    flagged = [d for d in concerned if d.errors.sram_threshold]
    if flagged:
        return f"{called(flagged)}: too many SRAM errors, says the driver"
    if ever:
        return f"{called(concerned)}: {_errors(ever)} in the past, none now"
    repaired = [d for d in told if d.errors.uncorrected_aggregate]
    if repaired:
        return f"{called(repaired)}: past memory errors, all repaired by row remapping"
    return f"{called(told)} {verb(told, 'counts', 'count')} no uncorrectable memory error"


def _errors(number: int) -> str:
    return f"{number} uncorrectable memory error{'' if number == 1 else 's'}"
