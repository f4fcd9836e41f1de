"""GPU020: cards are cut into MIG instances where whole ones are wanted, or wait for a change."""

from __future__ import annotations

from checks.gpu.cards import at, called, saying, verb, verdict
from ml_debugger.artifacts import Expectations, GpuDevice, GpuSnapshot
from ml_debugger.contract import Evidence, Limit, NotMeasured, Outcome, check


@check(
    code="GPU020",
    name="mig-mode",
    component="infrastructure",
    playbook="gpu-box",
    limits=(
        Limit(
            "against_wish",
            "cards",
            "above",
            "cards whose MIG mode is not what the configuration says",
            "the user's own expectation (expect.gpu_mig)",
            fail=0,
        ),
        Limit(
            "cut",
            "cards",
            "above",
            "cards cut into instances where the configuration counts whole cards",
            "NVIDIA, MIG user guide: a process uses one instance, and no P2P between instances",
            warn=0,
        ),
        Limit(
            "pending",
            "cards",
            "above",
            "cards whose MIG mode changes at the next reset",
            "NVIDIA, MIG user guide: the change waits until the card is reset",
            warn=0,
        ),
    ),
    profiles=("quick", "pre-train", "full"),
)
def mig_mode(snapshot: GpuSnapshot, expectations: Expectations | None) -> Outcome:
    """Cards are cut into MIG instances where whole ones are wanted, or wait for a change.

    What it measures:
        The present MIG mode against `expect.gpu_mig`. Where that is not set and the
        configuration counts cards (`expect.gpus`) or their memory (`expect.gpu_memory_gb`),
        MIG is a warning, because both mean whole cards. A mode that waits for a reset is a
        warning in any case. Without any expectation MIG is told and passes: many rent an
        instance on purpose.
    Why it matters:
        A process sees one instance, with a seventh of the memory and of the processors, and
        a training over several instances has no fast path between them. Utilisation of the
        whole card is not measured while MIG is on.
    What to do:
        `nvidia-smi -L` lists the instances, CUDA_VISIBLE_DEVICES takes one by its MIG-UUID.
        Whole cards: their owner turns MIG off (`nvidia-smi -mig 0`) with nothing running. This
        tool never changes a mode. Set `expect.gpu_mig` to what you want.
    Sources:
        NVIDIA, Multi-Instance GPU user guide. DCGM and gpud only show the mode; ours compares
        with what the configuration asks for, which alone can make it wrong.
    """
    told = saying(snapshot, "MIG mode", lambda d: d.mig is not None)
    if isinstance(told, NotMeasured):
        return told
    wish = expectations.gpu_mig if expectations is not None else None
    cards_meant = expectations is not None and (
        expectations.gpus is not None or expectations.gpu_memory_gb is not None
    )
    on = [d for d in told if d.mig]
    against = [d for d in told if wish is not None and d.mig is not wish]
    cut = on if wish is None and cards_meant else []
    pending = [d for d in told if d.mig_pending is not None and d.mig_pending is not d.mig]
    return verdict(
        snapshot,
        told,
        list(dict.fromkeys((*against, *cut, *pending))),
        title=_title(told, on, against, pending),
        values={"against_wish": len(against), "cut": len(cut), "pending": len(pending)},
        fact=lambda d: Evidence("mig", _told(d), None, at(d)),
    )


def _title(
    told: list[GpuDevice],
    on: list[GpuDevice],
    against: list[GpuDevice],
    pending: list[GpuDevice],
) -> str:
    if pending:
        return f"{called(pending)}: a change of the MIG mode waits for a reset"
    if against and not on:
        return f"MIG is off on {called(against)}, the configuration wants instances"
    if on:
        wish = ", the configuration wants whole cards" if against else ""
        return f"MIG is on: {called(on)}{_slices(on)}{wish}"
    return f"MIG is off: {called(told)} {verb(told, 'is whole', 'are whole')}"


def _slices(on: list[GpuDevice]) -> str:
    total = sum(d.slices for d in on)
    return f" in {total} instance{'' if total == 1 else 's'}" if total else ""


def _told(device: GpuDevice) -> str:
    now, later = ("on" if device.mig else "off"), ("on" if device.mig_pending else "off")
    return f"now {now}" + (f", after a reset {later}" if now != later else "")
