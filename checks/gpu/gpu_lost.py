"""GPU001: a card that is there does not answer any more."""

from __future__ import annotations

import re

from checks.gpu.cards import at, called, counted, undescribed, verb
from ml_debugger.artifacts import GpuDevice, GpuSnapshot, KernelEvent, KernelLog
from ml_debugger.contract import Evidence, Limit, Measurement, NotMeasured, Outcome, check

LIVE = ("nvml", "nvidia-smi")
"""Sources that describe every card they count; a saved output may be cut off."""

OFF_BUS = 79
"""Xid of a card that fell off the bus."""

_LOST = re.compile(
    r"fallen off the bus|GPU is lost|GPU_IS_LOST|determine the device handle|"
    r"handle for GPU|reboot the system to recover",
    re.IGNORECASE,
)
_AT_ONCE = re.compile(r"^(?!drain).*(?:reset|reboot)", re.IGNORECASE)
_LATER = re.compile(r"^drain and reset", re.IGNORECASE)
_REFUSED = re.compile(r"permission", re.IGNORECASE)


@check(
    code="GPU001",
    name="gpu-lost",
    component="infrastructure",
    playbook="gpu-box",
    limits=(
        Limit(
            "lost",
            "cards",
            "above",
            "cards that are there and do not answer",
            "NVIDIA Xid catalogue, 79: restart the machine; no kernel runs on a lost card",
            fail=0,
        ),
        Limit(
            "to_recover",
            "cards",
            "above",
            "answering cards whose driver asks for a reset or a restart",
            "NVIDIA DCGM, DcgmHealthWatch: recovery action reset or reboot fails",
            fail=0,
        ),
        Limit(
            "to_drain",
            "cards",
            "above",
            "answering cards that the driver wants reset once their work has ended",
            "NVML API reference, nvmlDeviceGpuRecoveryAction_t: drain and reset; the work on the"
            " card may end first",
            warn=0,
        ),
    ),
    explained_by=("driver-unreachable", "row-remap", "ecc-uncorrectable"),
    profiles=("quick", "pre-train", "full"),
)
def gpu_lost(subject: GpuSnapshot | KernelLog) -> Outcome:
    """A card that is there does not answer any more.

    What it measures:
        The cards for which the driver gives an error instead of an answer ("GPU is lost",
        "Unknown Error", "Unable to determine the device handle"), those that it counts and
        does not describe, and those for which it asks a reset or a restart (GPU recovery
        action). In a kernel log: cards that fell off the bus. A single unknown value of a
        card that answers otherwise is no lost card, and a saved output that was cut off says
        nothing of the cards that it lacks.
    Why it matters:
        Every process that uses the card hangs or ends, and with it a training over several
        cards. A lost card does not come back by waiting; `nvidia-smi -L` may still list it.
    What to do:
        Save what is saved elsewhere, stop the processes on this card with SIGTERM, and
        restart the machine. On a rented machine leave it and report it: power, riser, slot
        and heat are the usual causes. Train meanwhile on the other cards: they are named.
    Sources:
        NVIDIA, Xid errors, 79 "GPU has fallen off the bus". NVML API reference,
        NVML_ERROR_GPU_IS_LOST and GPU recovery action. NVIDIA/k8s-test-infra, a note in its
        tests: a lost card may still be listed. wookayin/gpustat catches lost cards one by
        one and shows the rest.
    """
    if isinstance(subject, KernelLog):
        return _of_kernel(subject)
    return _of_driver(subject)


def _of_driver(snapshot: GpuSnapshot) -> Outcome:
    if snapshot.state == "absent":
        return NotMeasured("no sign of an NVIDIA GPU on this machine")
    if snapshot.state == "unreachable":
        return _of_message(snapshot)
    if not snapshot.devices and not snapshot.attached:
        return NotMeasured("the driver names no card")
    lost = [d for d in snapshot.devices if d.problem is not None and not _refused(d)]
    answering = [d for d in snapshot.devices if d.problem is None]
    now = [d for d in answering if _AT_ONCE.search(d.recovery_action or "")]
    later = [d for d in answering if _LATER.search(d.recovery_action or "")]
    asking = now + later
    hidden = undescribed(snapshot)
    if hidden and snapshot.source not in LIVE and not (lost or asking):
        said = f"{len(snapshot.devices)} of {snapshot.attached} attached cards"
        return NotMeasured(f"the output describes {said}: it is incomplete")
    silent = hidden if snapshot.source in LIVE else 0
    evidence = [Evidence("problem", d.problem, None, at(d)) for d in lost[:4]]
    evidence += [Evidence("recovery_action", d.recovery_action, None, at(d)) for d in asking[:3]]
    if silent:
        evidence.append(Evidence("attached", snapshot.attached, "cards"))
    if answering and (lost or asking or silent):
        sound = [d for d in answering if d not in asking]
        evidence.append(Evidence("answering", called(sound) if sound else "none"))
    return Measurement(
        title=_title(lost, asking, silent, len(answering)),
        values={"lost": len(lost) + silent, "to_recover": len(now), "to_drain": len(later)},
        evidence=tuple(evidence),
    )


def _title(lost: list[GpuDevice], asking: list[GpuDevice], silent: int, answering: int) -> str:
    if lost:
        word = (lost[0].problem or "")[:60]
        return f"{called(lost)} {verb(lost, 'does', 'do')} not answer: {word}"
    if silent:
        return f"{counted(silent)} attached but not described by the driver, {answering} answer"
    if asking:
        action = asking[0].recovery_action
        return f"The driver asks for a recovery of {called(asking)}: {action}"
    return "1 GPU answers" if answering == 1 else f"All {answering} GPUs answer"


def _of_message(snapshot: GpuSnapshot) -> Outcome:
    detail = snapshot.detail or "no message"
    if not _LOST.search(detail):
        return NotMeasured(f"the driver did not answer: {detail}")
    return Measurement(
        title=f"The driver says that a card is lost: {detail}"[:120],
        values={"lost": 1},
        evidence=(Evidence("driver_message", detail),),
    )


def _refused(device: GpuDevice) -> bool:
    """A card that others may use and we may not is not lost."""
    return _REFUSED.search(device.problem or "") is not None


def _of_kernel(log: KernelLog) -> Outcome:
    if log.problem is not None:
        return NotMeasured(f"the kernel log could not be read: {log.problem}")
    if not log.lines:
        return NotMeasured("the kernel log is empty")
    events = [e for e in log.events if e.kind == "off-bus" or _is_79(e)]
    cards = sorted({_address(e) for e in events})
    if not events:
        return Measurement(f"No card fell off the bus in {log.lines:,} lines", {"lost": 0})
    first = events[0]
    when = f" at {first.first}" if first.first else ""
    return Measurement(
        title=f"{_named(cards)} fell off the bus{when}",
        values={"lost": len(cards)},
        evidence=tuple(Evidence("kernel_line", e.text, None, f"line {e.line}") for e in events[:4]),
        line=first.line,
    )


def _is_79(event: KernelEvent) -> bool:
    return event.kind == "xid" and event.code == OFF_BUS


def _address(event: KernelEvent) -> str:
    """The bus address without function and with a domain of four digits, so that the forms of
    one card in several lines agree."""
    device = (event.device or "unknown").lower().removeprefix("pci:").partition(".")[0]
    domain, _, rest = device.partition(":")
    return f"{domain[-4:]}:{rest}" if rest.count(":") == 1 else device


def _named(cards: list[str]) -> str:
    if cards == ["unknown"]:
        return "A GPU"
    return f"GPU {cards[0]}" if len(cards) == 1 else f"{len(cards)} GPUs"
