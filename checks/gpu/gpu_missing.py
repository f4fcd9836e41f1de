"""GPU002: fewer cards answer than the configuration expects."""

from __future__ import annotations

from ml_debugger.artifacts import Expectations, GpuSnapshot
from ml_debugger.contract import Evidence, Limit, Measurement, NotMeasured, Outcome, check


@check(
    code="GPU002",
    name="gpu-missing",
    component="infrastructure",
    playbook="gpu-box",
    limits=(
        Limit(
            "missing",
            "cards",
            "above",
            "cards that are expected and do not answer",
            "the user's own expectation; gpud compares with a configured number too and skips"
            " where there is none",
            fail=0,
        ),
    ),
    explained_by=("gpu-lost", "driver-unreachable"),
    profiles=("quick", "pre-train", "full"),
)
def gpu_missing(snapshot: GpuSnapshot, expectations: Expectations | None) -> Outcome:
    """Fewer GPUs answer than the configuration expects.

    What it measures:
        The cards that answer all questions of the driver against `expect.gpus`, or against
        one where `expect.gpu_training` is true. Without either there is nothing to compare,
        and a machine without a card is no fault.
    Why it matters:
        A training meant for eight cards runs on seven, or falls back to the CPU, and the
        first sign is a night that was too short. Rented machines do start with fewer cards
        than ordered, or with none.
    What to do:
        Compare `nvidia-smi -L` with what was rented, and CUDA_VISIBLE_DEVICES with both. A
        card with an error beside it has to be looked at before the machine is used: restart
        the machine, and return it if the card stays away.
    Sources:
        leptonai/gpud, components/accelerator/nvidia/gpu-counts: equal to a configured number,
        skipped if unset. RunPod documentation, "Manage Pods": a pod may start with 0 GPUs.
    """
    expected = _expected(expectations)
    if snapshot.state == "unreachable":
        return NotMeasured("the driver did not answer, so the cards could not be counted")
    usable = [device for device in snapshot.devices if device.problem is None]
    seen = f"{len(usable)} GPU{'' if len(usable) == 1 else 's'} answering"
    if expected is None:
        return NotMeasured(f"{seen}; the configuration expects no number (expect.gpus)")
    evidence = [
        Evidence("expected", expected, "cards", "configuration"),
        Evidence("answering", len(usable), "cards"),
    ]
    for device in snapshot.devices:
        if device.problem is not None:
            evidence.append(Evidence("problem", device.problem, None, f"GPU {device.index}"))
    return Measurement(
        title=f"{seen}, {expected} expected",
        values={"missing": max(0, expected - len(usable))},
        evidence=tuple(evidence[:6]),
    )


def _expected(expectations: Expectations | None) -> int | None:
    if expectations is None:
        return None
    if expectations.gpus is not None:
        return expectations.gpus
    return 1 if expectations.gpu_training else None
