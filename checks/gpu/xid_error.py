"""GPU013: the driver reported Xids in the kernel log."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from checks.gpu.xids import LASTING, XidClass, class_of, text_of
from ml_debugger.artifacts import KernelEvent, KernelLog
from ml_debugger.contract import (
    Evidence,
    Limit,
    Measurement,
    NotMeasured,
    Outcome,
    Setting,
    Settings,
    check,
)

_KINDS = ("xid", "sxid", "off-bus")


@dataclass(frozen=True, slots=True)
class _Trouble:
    """All events of one card with one code; `past` where a later start or time has passed."""

    events: Sequence[KernelEvent]
    kind: XidClass
    past: bool

    @property
    def gravity(self) -> int:
        return max(0, self.kind.gravity - self.past)

    @property
    def count(self) -> int:
        return sum(event.count for event in self.events)

    @property
    def name(self) -> str:
        event = self.events[0]
        number = {"xid": f"Xid {event.code}", "sxid": f"SXid {event.code}"}
        return f"{number.get(event.kind, 'no Xid')} on {event.device or 'an unnamed card'}"


@check(
    code="GPU013",
    name="xid-error",
    component="infrastructure",
    playbook="gpu-box",
    limits=(
        Limit(
            "grave",
            "card and code",
            "above",
            "errors of which the driver's maker says: reset the card or restart the machine",
            "NVIDIA, Xid catalogue, immediate action: RESET_GPU, RESTART_BM, CHECK_MECHANICALS"
            " and the workflows of 48 and 74",
            fail=0,
        ),
        Limit(
            "to_look_at",
            "card and code",
            "above",
            "application faults, remapped rows that wait for a reset, mild link events, codes"
            " outside the catalogue, and grave ones that a restart or time has passed",
            "NVIDIA, Xid catalogue, immediate action: RESTART_APP; NVIDIA, GPU memory error"
            " management, 63: reset when it suits",
            warn=0,
        ),
    ),
    settings=(
        Setting(
            "recent_days",
            "days",
            7,
            "age, against the end of the log, up to which an error counts in full",
            "a week of training: what is older and did not come again has most likely been"
            " dealt with",
        ),
    ),
    explained_by=("gpu-lost", "row-remap", "ecc-uncorrectable", "nvlink-fault"),
    profiles=("quick", "pre-train", "full"),
)
def xid_error(log: KernelLog, settings: Settings) -> Outcome:
    """The driver reported Xids in the kernel log.

    What it measures:
        Xids of the NVIDIA driver, SXids of NVSwitches and cards that fell off the bus, grouped
        by card and code, because one bad kernel writes hundreds of lines in milliseconds. Each
        code has a class in NVIDIA's catalogue. Reset, restart, memory and power classes fail.
        Application faults (13, 31, 94 and others) warn. Codes that only accompany others (43,
        45) or inform (92, 93, 121, non-fatal SXids) pass, but are named. Xid 154 counts as the
        recovery action that it names.
        What lies before the last start of the machine, or more than a week before the end of
        the log, counts one grade less, except faults that no restart takes away.
    Why it matters:
        The training's log says "CUDA error" or nothing. The Xid says whether to look for an
        index out of range in the code, or to leave the machine.
    What to do:
        Application fault: run with CUDA_LAUNCH_BLOCKING=1 or compute-sanitizer; only when other
        programs fail on the same card is it the card. Reset: stop the processes on the card,
        `nvidia-smi --gpu-reset -i N`, and report the card if it comes again. Restart (79): save
        what can be saved, restart, on a rented machine leave it. 63: finish the run, then reset.
        48, 95, 64: results since then are in doubt; go back to a checkpoint from before.
    Sources:
        NVIDIA, "Xid Errors" and the Xid catalogue; NVIDIA, "GPU Memory Error Management";
        NVIDIA, Fabric Manager user guide (SXid). The tools disagree on 63: the catalogue says
        ignore, gcm takes it for not critical, DCGM warns, AWS calls it fatal and Azure takes
        the node out. NVML's text says that a pending remap does not affect the work, so a
        restart in the middle of a run costs more than it saves: we warn.
    """
    if log.problem is not None:
        return NotMeasured(f"kernel log {log.problem}")
    events = [event for event in log.events if event.kind in _KINDS]
    troubles = _troubles(log, events, settings["recent_days"])
    grave = [one for one in troubles if one.gravity == 2]
    mild = [one for one in troubles if one.gravity == 1]
    shown = [*grave, *mild, *(one for one in troubles if one.gravity == 0)]
    return Measurement(
        title=_title(log, grave, mild, shown),
        values={"grave": len(grave), "to_look_at": len(mild)},
        evidence=tuple(_evidence(one) for one in shown[:5]),
        line=shown[0].events[0].line if log.path is not None and (grave or mild) else None,
    )


def _troubles(
    log: KernelLog, events: Sequence[KernelEvent], recent_days: float
) -> Sequence[_Trouble]:
    groups: dict[tuple[str, int | None, str | None, str], list[KernelEvent]] = defaultdict(list)
    with_code = {event.device for event in events if event.code == 79}
    for event in events:
        # the driver says the same again without a number
        if event.kind != "off-bus" or event.device not in with_code:
            key = (event.kind, event.code, event.device, class_of(event).name)
            groups[key].append(event)
    found = [_trouble(log, group, recent_days) for group in groups.values()]
    return sorted(found, key=lambda one: (-one.gravity, one.past, one.events[0].line))


def _trouble(log: KernelLog, events: Sequence[KernelEvent], recent_days: float) -> _Trouble:
    last = events[-1]
    # a card that fails again after a restart has not been healed by it
    again = len({event.restarts for event in events}) > 1
    age = log.age(last)
    past = last.restarts > 0 or (age is not None and age > recent_days)
    return _Trouble(events, class_of(last), past and not again and last.code not in LASTING)


def _title(
    log: KernelLog,
    grave: Sequence[_Trouble],
    mild: Sequence[_Trouble],
    shown: Sequence[_Trouble],
) -> str:
    if not shown:
        return f"No Xid in {log.lines:,} lines of the kernel"
    first = shown[0]
    if not grave and not mild:
        return f"{first.name}, which needs nothing done"
    others = len(grave) + len(mild) - 1
    more = f" and {others} more" if others else ""
    past = ", before the last restart" if first.events[-1].restarts and first.past else ""
    return f"{first.name}{more}: {text_of(first.events[-1])}{past}; {_action(first)}"


def _action(one: _Trouble) -> str:
    return "look whether it comes again" if one.past else one.kind.action


def _evidence(one: _Trouble) -> Evidence:
    first, last = one.events[0], one.events[-1]
    who = sorted({event.process for event in one.events if event.process})
    parts = [one.kind.name, text_of(last), f"{one.count:,} lines" if one.count > 1 else "1 line"]
    if who:
        parts.append(f"process {', '.join(who[:2])}")
    if first.first:
        parts.append(first.first if first.first == last.last else f"{first.first} to {last.last}")
    if len({event.restarts for event in one.events}) > 1:
        parts.append("again after a restart")
    name = "off_bus" if first.kind == "off-bus" else f"{first.kind}_{first.code}"
    return Evidence(name, "; ".join(parts), None, f"{first.device or 'card'}, line {first.line}")
