"""GPU019: NVLink between the cards is down, counts errors, or its fabric is not ready."""

from __future__ import annotations

import re
from statistics import median

from checks.gpu.cards import at, called, saying, verdict
from ml_debugger.artifacts import GpuDevice, GpuSnapshot, KernelEvent, KernelLog
from ml_debugger.contract import Evidence, Limit, Measurement, NotMeasured, Outcome, check

LINK_XIDS = frozenset((74, *range(144, 151)))
"""Xids of NVLink: 74 up to Hopper, 144 to 150 from Blackwell on."""

_WHOLE = re.compile(r"SXM|HBM3$|H200$|H20$|B200|B300|HGX|DGX", re.IGNORECASE)
_NOT_READY = re.compile(r"in progress|not started", re.IGNORECASE)
_READY = re.compile(r"completed|not supported|^n/?a$|disabled", re.IGNORECASE)
_GOOD = re.compile(r"success|^n/?a$|^none$|not supported", re.IGNORECASE)
_HARMLESS = re.compile(r"non-?fatal", re.IGNORECASE)


@check(
    code="GPU019",
    name="nvlink-fault",
    component="infrastructure",
    playbook="gpu-box",
    limits=(
        Limit(
            "links_down",
            "links",
            "above",
            "inactive links of cards whose links should all be active",
            "NVIDIA DCGM, DcgmHealthWatch.cpp: a link that is down fails",
            fail=0,
        ),
        Limit(
            "fabric_failed",
            "cards",
            "above",
            "cards whose fabric ended its setup with an error",
            "NVIDIA DCGM, DcgmHealthWatch.cpp: fabric failed or not started fails",
            fail=0,
        ),
        Limit(
            "fabric_not_ready",
            "cards",
            "above",
            "cards whose fabric is still being set up, or that the driver wants out of P2P",
            "NVIDIA DCGM, DcgmHealthWatch.cpp: in progress warns; drain P2P warns",
            warn=0,
        ),
        Limit(
            "link_errors",
            "times the usual",
            "above",
            "counted errors of the worst card over ten times the median of its like, at least"
            " 1,000",
            "NVIDIA DCGM, DcgmHealthWatch.cpp: 100 CRC errors a second are tolerated, so 1,000"
            " are ten seconds' worth",
            warn=1,
        ),
        Limit(
            "fatal_events",
            "events",
            "above",
            "kernel messages of fatal NVLink or NVSwitch errors",
            "NVIDIA Xid catalogue, 74: a reset of the card or a restart clears the error",
            fail=0,
        ),
        Limit(
            "events",
            "events",
            "above",
            "kernel messages of NVLink errors that are not fatal",
            "NVIDIA Xid catalogue, 144 to 150: the message says whether it is fatal",
            warn=0,
        ),
    ),
    explained_by=("gpu-lost",),
    profiles=("quick", "pre-train", "full"),
)
def nvlink_fault(subject: GpuSnapshot | KernelLog) -> Outcome:
    """NVLink between the cards is down, counts errors, or its fabric is not ready.

    What it measures:
        Inactive links of cards that should have all of them: modules made for NVLink, and
        cards whose siblings have more active ones. Cards without a bridge have all links
        inactive and are sound. Further the links' counted errors, the state of the fabric
        (NVSwitch), and in a kernel log the Xids of NVLink and fatal NVSwitch errors. Counted
        errors are compared with those of the other cards of the name: a sound link corrects
        some every day.
    Why it matters:
        NCCL falls back to PCIe, ten times slower, or hangs until its time-out. With a fabric
        that is not ready CUDA itself does not start ("system not yet initialized").
    What to do:
        `nvidia-smi nvlink -s` and `-e` show links and counters. Fabric not ready: look at the
        service nvidia-fabricmanager, whose version must be the driver's. A link that stays
        down after a reset is for the owner of the machine. Until then NCCL_P2P_DISABLE=1 lets
        a training run slowly.
    Sources:
        NVIDIA, Fabric Manager user guide; nvidia-smi manual, fabric. The tools disagree: DCGM
        fails on a link that is down, a replay or 100 CRC errors a second, imbue warns from
        five errors in all, gpud compares with a configured number of links and is off without
        one. A count without its hours says little, so ours compares cards with each other;
        module cards and siblings say how many links there must be.
    """
    if isinstance(subject, KernelLog):
        return _of_kernel(subject)
    return _of_driver(subject)


def _of_driver(snapshot: GpuSnapshot) -> Outcome:
    told = saying(snapshot, "NVLink and fabric", _says)
    if isinstance(told, NotMeasured):
        return told
    down = [d for d in told if _missing(d, told)]
    failed = [d for d in told if _failed(d)]
    waiting = [d for d in told if _waiting(d) and d not in failed]
    noise = {d: _noise(d, told) for d in told}
    erring = [d for d in told if noise[d] > 1]
    counted = [d for d in told if d.connection.links is not None]
    return verdict(
        snapshot,
        told,
        list(dict.fromkeys((*down, *failed, *waiting, *erring))),
        title=_title(told, down, failed, waiting, erring),
        values={
            "links_down": sum(_missing(d, told) for d in told) if counted else float("nan"),
            "fabric_failed": len(failed),
            "fabric_not_ready": len(waiting),
            "link_errors": max(noise.values()) if len(told) > 1 else float("nan"),
        },
        fact=lambda d: Evidence("nvlink", _told(d), None, at(d)),
    )


def _says(device: GpuDevice) -> bool:
    link = device.connection
    return bool(link.links) or link.fabric is not None or "P2P" in (device.recovery_action or "")


def _active(device: GpuDevice) -> int:
    return (device.connection.links or 0) - (device.connection.links_down or 0)


def _missing(device: GpuDevice, told: list[GpuDevice]) -> int:
    """Inactive links that should be active."""
    if device.connection.links_down is None or device.mig:
        return 0
    if _WHOLE.search(device.name) and _active(device):
        return device.connection.links_down
    siblings = [_active(d) for d in told if d.name == device.name]
    return max(siblings) - _active(device)


def _noise(device: GpuDevice, told: list[GpuDevice]) -> float:
    """Counted errors over what is usual among the other cards of the name."""
    others = [
        d.connection.link_errors or 0 for d in told if d is not device and d.name == device.name
    ]
    return (device.connection.link_errors or 0) / max(1000, 10 * median(others or [0]))


def _failed(device: GpuDevice) -> bool:
    link = device.connection
    state, status = link.fabric or "n/a", link.fabric_status or "n/a"
    if _NOT_READY.search(state):
        return "not started" in state.lower()
    return not _READY.search(state) or not _GOOD.search(status)


def _waiting(device: GpuDevice) -> bool:
    asked = device.recovery_action or ""
    return "in progress" in (device.connection.fabric or "").lower() or "P2P" in asked


def _title(
    told: list[GpuDevice],
    down: list[GpuDevice],
    failed: list[GpuDevice],
    waiting: list[GpuDevice],
    erring: list[GpuDevice],
) -> str:
    if failed:
        link = failed[0].connection
        return f"{called(failed)}: fabric {link.fabric}, status {link.fabric_status or 'unknown'}"
    if down:
        first = down[0]
        links = first.connection.links
        return f"{called(down)}: {_active(first)} of {links} NVLinks active"
    if waiting:
        return f"{called(waiting)}: {_told(waiting[0])}"
    if erring:
        worst = max(erring, key=lambda d: d.connection.link_errors or 0)
        return f"{called(erring)}: up to {worst.connection.link_errors:,} NVLink errors counted"
    active = sum(map(_active, told))
    if any(d.connection.links for d in told):
        bridged = f"{active} NVLinks active" if active else "no NVLink in use"
        return f"{bridged} on {called(told)}"
    return f"Fabric of {called(told)}: {told[0].connection.fabric}"


def _told(device: GpuDevice) -> str:
    link = device.connection
    parts = [f"{_active(device)} of {link.links} links active"] if link.links else []
    parts += [f"{link.link_errors:,} errors"] if link.link_errors else []
    parts += [f"fabric {link.fabric}"] if link.fabric else []
    parts += [f"status {link.fabric_status}"] if link.fabric_status else []
    if "P2P" in (device.recovery_action or ""):
        parts.append(f"the driver asks: {device.recovery_action}")
    return ", ".join(parts)


def _of_kernel(log: KernelLog) -> Outcome:
    if log.problem is not None:
        return NotMeasured(f"the kernel log could not be read: {log.problem}")
    if not log.lines:
        return NotMeasured("the kernel log is empty")
    events = [e for e in log.events if _of_link(e)]
    fatal = [e for e in events if not _HARMLESS.search(e.text)]
    mild = [e for e in events if e.kind != "sxid" and e not in fatal]
    if not fatal and not mild:
        return Measurement(
            f"No NVLink error in {log.lines:,} lines of the kernel",
            {"fatal_events": 0, "events": 0},
        )
    first = (fatal or mild)[0]
    names = {"xid": f"Xid {first.code}", "sxid": f"SXid {first.code}"}
    number = names.get(first.kind, first.kind)
    where = f" on {first.device}" if first.device else ""
    return Measurement(
        title=f"NVLink error in the kernel log: {number}{where}",
        values={"fatal_events": _lines(fatal), "events": _lines(mild)},
        evidence=tuple(
            Evidence("kernel_line", e.text, None, f"line {e.line}") for e in (*fatal, *mild)[:4]
        ),
        line=first.line,
    )


def _of_link(event: KernelEvent) -> bool:
    if event.kind in ("nvlink", "sxid"):
        return True
    return event.kind == "xid" and event.code in LINK_XIDS


def _lines(events: list[KernelEvent]) -> int:
    return sum(event.count for event in events)
