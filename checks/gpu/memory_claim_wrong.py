"""GPU021: the configuration claims other cards or memory than there are."""

from __future__ import annotations

import re

from checks.gpu.cards import at, called, undescribed
from ml_debugger.artifacts import Expectations, GpuDevice, GpuSnapshot
from ml_debugger.contract import Evidence, Limit, Measurement, NotMeasured, Outcome, check

GIB, GB = 2**30, 10**9
LOG = "nvidia-smi --query-gpu"
"""Source of snapshots that are the last rows of a log."""

NEAR = 3.0
"""Percent by which a claim may miss and still be recognised as the memory of some of the cards."""


@check(
    code="GPU021",
    name="memory-claim-wrong",
    component="infrastructure",
    playbook="gpu-box",
    limits=(
        Limit(
            "off_by",
            "percent",
            "above",
            "how far the claim lies outside of what the cards hold, counted in GiB or in GB",
            "published outputs of 14 card models: the figure under which a card is sold lies"
            " between the GiB and the GB of the driver's total, on the K80 0.03 percent above",
            warn=3,
            fail=10,
        ),
        Limit(
            "other_cards",
            "cards",
            "above",
            "cards whose name is not the one that is claimed",
            "the user's own expectation (expect.gpu_name)",
            fail=0,
        ),
    ),
    explained_by=("gpu-missing", "gpu-lost"),
    profiles=("quick", "pre-train", "full"),
)
def memory_claim_wrong(snapshot: GpuSnapshot, expectations: Expectations | None) -> Outcome:
    """The configuration claims other cards or memory than there are.

    What it measures:
        `expect.gpu_memory_gb`, the memory of all cards together, against the sum of what the
        driver says. Any of the usual ways of counting is accepted: GiB, decimal GB, and the
        figure under which a card is sold, which lies between both. Further `expect.gpu_name`
        against the names of the cards. Logs and parts of outputs are not compared: they are
        often of other machines.
    Why it matters:
        Batch sizes, shards and the choice of a machine rest on this number. Eight B200 hold
        1,432 GiB (1,538 GB, sold as 1,440): who plans with 192 GB plans with one of the
        eight, and who plans eight 4090 as 1,440 GB rents a machine that cannot work.
    What to do:
        Put the figure of the title into the configuration, and correct the document that it
        came from. Fewer cards than claimed: see gpu-missing. MIG instances hold a part of
        the card each.
    Sources:
        The project's record: a source document claims 192 GB for eight B200. Published
        outputs of nvidia-smi: B200 183,359 MiB, H200 143,771, H100 81,559, RTX 4090 24,564.
        NVIDIA/k8s-test-infra assumes 192 GiB for a B200, more than real cards report: so
        nothing here is taken from a table, only from the driver.
    """
    if expectations is None or (expectations.gpu_memory_gb is None and not expectations.gpu_name):
        return NotMeasured(
            "the configuration claims no GPU memory or name (expect.gpu_memory_gb, expect.gpu_name)"
        )
    if snapshot.state == "unreachable":
        return NotMeasured("the driver did not answer, so nothing can be compared")
    if not snapshot.devices:
        return NotMeasured("there is no card to compare the claim with")
    if snapshot.partial is not None or snapshot.source == LOG:
        return NotMeasured("a log or a part of an output may be of another machine")
    named = [d for d in snapshot.devices if d.problem is None]
    others = _others(named, expectations.gpu_name) if expectations.gpu_name else None
    claim = expectations.gpu_memory_gb
    total = _total(snapshot) if claim is not None else None
    if others is None and total is None:
        return NotMeasured("the memory of the cards is not known")
    values = {
        "off_by": float("nan") if claim is None or total is None else _off_by(claim, total),
        "other_cards": float("nan") if others is None else len(others),
    }
    return Measurement(
        title=_title(named, total, claim, others, expectations.gpu_name),
        values=values,
        evidence=_evidence(named, total, claim, others or []),
    )


def _total(snapshot: GpuSnapshot) -> int | None:
    """Bytes of all cards; None where one of them does not say."""
    sizes = [d.memory_total for d in snapshot.devices]
    if undescribed(snapshot) or any(size is None for size in sizes):
        return None
    return sum(size or 0 for size in sizes)


def _off_by(claim: float, total: int) -> float:
    """Percent by which a claim lies outside of the range from GiB to decimal GB."""
    low, high = total / GIB, total / GB
    if low <= claim <= high:
        return 0.0
    return 100 * (low - claim) / low if claim < low else 100 * (claim - high) / high


def _others(devices: list[GpuDevice], name: str) -> list[GpuDevice]:
    wanted = _plain(name)
    return [d for d in devices if wanted not in _plain(d.name)]


def _plain(name: str) -> str:
    return re.sub(r"nvidia|[\s_-]", "", name.lower())


def _title(
    devices: list[GpuDevice],
    total: int | None,
    claim: float | None,
    others: list[GpuDevice] | None,
    name: str | None,
) -> str:
    if others:
        return f"{called(others)}: {others[0].name}, the configuration says {name}"
    if total is None or claim is None:
        return f"{len(devices)} x {name}, as configured" if devices else "No card answers"
    held = f"{total / GIB:,.0f} GiB ({total / GB:,.0f} GB) on {len(devices)} GPUs"
    said = f"{held}, {claim:,.0f} GB claimed"
    one = devices[0].memory_total if devices else None
    if one and len(devices) > 1 and _off_by(claim, total) > NEAR and _off_by(claim, one) <= NEAR:
        return f"{said}: one of them"
    return said


def _evidence(
    devices: list[GpuDevice], total: int | None, claim: float | None, others: list[GpuDevice]
) -> tuple[Evidence, ...]:
    facts = [Evidence("name", d.name, None, at(d)) for d in others[:3]]
    if claim is not None and total is not None:
        facts.append(Evidence("claimed", claim, "GB", "configuration"))
        facts.append(Evidence("held", total, "bytes", called(devices)))
        sizes = sorted({d.memory_total or 0 for d in devices})
        facts += [Evidence("held_by_one", size, "bytes") for size in sizes[:2]]
    return tuple(facts)
