"""Counted memory errors of a card by NVML."""

from __future__ import annotations

from collections.abc import Sequence

from ml_debugger.artifacts import GpuErrors
from ml_debugger.probes.nvml.asking import Asking

_CORRECTED, _UNCORRECTED = 0, 1
_VOLATILE, _AGGREGATE = 0, 1
_SINGLE, _DOUBLE = 0, 1
_SRAM = 7


def errors_of(asking: Asking, ecc: bool | None) -> GpuErrors:
    """All counts; those of ECC only where it is on, since they mean nothing otherwise."""

    def count(kind: int, span: int) -> int | None:
        if ecc is False:
            return None
        said = asking.ask("ECC errors", ("nvmlDeviceGetTotalEccErrors", kind, span))
        return None if said is None else int(said)

    def pages(cause: int) -> int | None:
        found = asking.ask("retired pages", ("nvmlDeviceGetRetiredPages", cause))
        return None if found is None else len(found)

    pending = asking.ask("retired pages", "nvmlDeviceGetRetiredPagesPendingStatus")
    rows = asking.ask("remapped rows", "nvmlDeviceGetRemappedRows")
    known = isinstance(rows, Sequence) and len(rows) == 4
    correctable, uncorrectable, remap_pending, failed = rows if known else (None,) * 4
    return GpuErrors(
        uncorrected_volatile=count(_UNCORRECTED, _VOLATILE),
        uncorrected_aggregate=count(_UNCORRECTED, _AGGREGATE),
        corrected_volatile=count(_CORRECTED, _VOLATILE),
        corrected_aggregate=count(_CORRECTED, _AGGREGATE),
        sram_threshold=None if ecc is False else _threshold(asking),
        retired_single=pages(_SINGLE),
        retired_double=pages(_DOUBLE),
        retirement_pending=None if pending is None else bool(pending),
        remapped_correctable=correctable,
        remapped_uncorrectable=uncorrectable,
        remap_pending=None if remap_pending is None else bool(remap_pending),
        remap_failed=None if failed is None else bool(failed),
        sram_corrected_volatile=None if ecc is False else _sram(asking),
    )


def _threshold(asking: Asking) -> bool | None:
    status = asking.fill(
        "SRAM errors", "nvmlDeviceGetSramEccErrorStatus", "c_nvmlEccSramErrorStatus_v1_t"
    )
    return None if status is None else bool(status.bThresholdExceeded)


def _sram(asking: Asking) -> int | None:
    said = asking.ask(
        "SRAM errors", ("nvmlDeviceGetMemoryErrorCounter", _CORRECTED, _VOLATILE, _SRAM)
    )
    return None if said is None else int(said)
