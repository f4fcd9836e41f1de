"""GPU012: rows of a card's memory wait to be remapped, or could not be."""

from __future__ import annotations

from checks.gpu.cards import at, called, saying, verb, verdict
from ml_debugger.artifacts import GpuDevice, GpuSnapshot
from ml_debugger.contract import Evidence, Limit, NotMeasured, Outcome, check


@check(
    code="GPU012",
    name="row-remap",
    component="infrastructure",
    playbook="gpu-box",
    limits=(
        Limit(
            "failed",
            "cards",
            "above",
            "cards on which a row could not be remapped",
            "NVIDIA, GPU memory error management: a failure is a reason for return; DCGM, gpud,"
            " Azure and gcm all fail",
            fail=0,
        ),
        Limit(
            "pending",
            "cards",
            "above",
            "cards on which a row is remapped only at the next reset",
            "NVML API reference, nvmlDeviceGetRemappedRows: pending does not affect running work",
            warn=0,
        ),
        Limit(
            "rows",
            "rows",
            "above",
            "rows remapped for uncorrectable errors, worst card",
            "NVIDIA DCGM, nvvs/src/Software.cpp: 512 and more",
            fail=511,
        ),
    ),
    profiles=("quick", "pre-train", "full"),
)
def row_remap(snapshot: GpuSnapshot) -> Outcome:
    """Rows of a card's memory wait to be remapped, or could not be.

    What it measures:
        On cards from Ampere on: whether a remapping failed, whether one waits for the next
        reset, and how many rows were remapped for uncorrectable errors. Remapped rows without
        either are a finished repair and pass.
    Why it matters:
        A failed remapping means that the spare rows of a bank are used up: the faulty row
        stays in use. A pending one is safe for now, but the row is still in use until the
        reset.
    What to do:
        Pending: reset at the next stop (`nvidia-smi --gpu-reset` with no process on the card,
        or a restart of the machine); a running training may finish. Failed: move the work,
        return the card.
    Sources:
        The tools disagree on pending. NVML says that it does not affect future work and the
        Xid catalogue says to ignore Xid 63; DCGM's diagnosis, gpud, Azure and gcm fail. Ours
        warns, reset at the next stop, because the data is sound and a training should not be
        lost for it. All of them fail on a failed remapping. The limit of 512 rows is DCGM's.
    """
    told = saying(
        snapshot,
        "remapped rows",
        lambda d: (
            d.errors.remap_pending is not None
            or d.errors.remap_failed is not None
            or d.errors.remapped_uncorrectable is not None
        ),
    )
    if isinstance(told, NotMeasured):
        return told
    failed = [d for d in told if d.errors.remap_failed]
    pending = [d for d in told if d.errors.remap_pending]
    many = [d for d in told if _rows(d) > 0]
    if failed:
        title = f"{called(failed)}: a row could not be remapped, no spare row is left"
    elif pending:
        title = f"{called(pending)}: a row remap is pending, reset at the next stop"
    elif many:
        title = f"{called(many)}: {max(map(_rows, many))} rows remapped, none pending or failed"
    else:
        title = f"{called(told)} {verb(told, 'has', 'have')} no remapped row"
    return verdict(
        snapshot,
        told,
        list(dict.fromkeys((*failed, *pending, *sorted(many, key=_rows, reverse=True)))),
        title=title,
        values={
            "failed": len(failed),
            "pending": len(pending),
            "rows": max(map(_rows, told)),
        },
        fact=lambda d: Evidence(
            "remapped",
            f"{_rows(d)} for uncorrectable errors, pending {_word(d.errors.remap_pending)},"
            f" failed {_word(d.errors.remap_failed)}",
            None,
            at(d),
        ),
    )


def _rows(device: GpuDevice) -> int:
    return device.errors.remapped_uncorrectable or 0


def _word(flag: bool | None) -> str:
    return "unknown" if flag is None else ("yes" if flag else "no")
