"""HST007: the clock is wrong, was set, or nothing corrects it."""

from __future__ import annotations

from itertools import pairwise

from ml_debugger.artifacts import HostSnapshot
from ml_debugger.artifacts.host import Clock
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


@check(
    code="HST007",
    name="clock-skew",
    component="infrastructure",
    playbook="gpu-box",
    limits=(
        Limit(
            "offset",
            "seconds",
            "above",
            "error that is being corrected, by the kernel's own word",
            "prometheus node-mixin, NodeClockSkewDetected: 0.05 s",
            warn=0.05,
        ),
        Limit(
            "hardware_offset",
            "seconds",
            "above",
            "difference from the hardware clock, where nothing corrects the clock",
            "twice the resolution of the hardware clock, which is read to a second",
            warn=2,
        ),
        Limit(
            "step",
            "seconds",
            "above",
            "largest step by which the clock was set between two runs",
            "NTPv4 (RFC 5905): steps of more than 0.128 s are no corrections of a clock that"
            " runs; a second leaves leap seconds out",
            warn=1,
        ),
        Limit(
            "uncorrected",
            "clocks",
            "above",
            "a machine of its own whose clock nothing corrects",
            "prometheus node-mixin, NodeClockNotSynchronising: not synchronised and an error of"
            " 16 s, at which the kernel stops counting",
            warn=0,
        ),
    ),
    settings=(
        Setting(
            "settled_after",
            "seconds",
            600,
            "time after a start of the machine in which its clock may be set",
            "chrony, makestep: the first updates after the start may step the clock",
        ),
    ),
    profiles=("pre-train", "full"),
)
def clock_skew(host: HostSnapshot, settings: Settings) -> Outcome:
    """The clock is wrong, was set, or nothing corrects it.

    What it measures:
        What the kernel says of its clock (adjtimex): whether something corrects it, and by how
        much it is off. Where nothing does, the hardware clock is compared. Steps are found by
        comparing the time of day with the time since the start, between this run and earlier
        ones; on a virtual machine only steps back, because one that was halted is set forward
        afterwards. A virtual machine whose host keeps the clock says "not synchronised" although
        the time is right: without a hardware clock to compare, that counts as not looked at.
    Why it matters:
        Bars are stamped, orders are signed and files are compared by this clock. A clock two
        seconds ahead makes yesterday's close look like today's open, exchanges refuse the
        orders, and a step backwards makes `make`, caches and checkpoints take old for new.
    What to do:
        `timedatectl` and `chronyc tracking` say who keeps the clock. Start chrony or
        systemd-timesyncd; in a container that is the host's task. After a step, look for files
        with times in the future before the next training.
    Sources:
        adjtimex(2), clock_gettime(2) (CLOCK_BOOTTIME), RFC 5905. prometheus/node_exporter
        docs/node-mixin (NodeClockSkewDetected, NodeClockNotSynchronising).
    """
    clock = host.clock
    if clock is None:
        return NotMeasured("the state of the clock is not known on this system")
    values: dict[str, float] = {}
    step = _largest_step(clock, settings["settled_after"])
    if step is not None:
        values["step"] = step
    if clock.synchronised:
        if clock.offset is not None:
            values["offset"] = abs(clock.offset)
        values["uncorrected"] = 0
    elif clock.hardware_offset is not None:
        values["hardware_offset"] = abs(clock.hardware_offset)
    if clock.synchronised is False and not clock.services and clock.virtual is False:
        values["uncorrected"] = 1
    if not values:
        return NotMeasured(_unknown(clock))
    return Measurement(_title(clock, values), values, _evidence(clock))


def _largest_step(clock: Clock, settled: float) -> float | None:
    """The largest change of the time of day against the time since the start, in seconds.

    A virtual machine that was halted finds its time of day ahead: nobody set its clock.
    """
    readings = (*clock.past, clock.reading)
    steps = [
        (b.realtime - a.realtime) - (b.boottime - a.boottime)
        for a, b in pairwise(readings)
        if a.boot is not None and a.boot == b.boot and a.boottime >= settled
    ]
    own = clock.virtual is False
    return max((abs(step) if own else max(0.0, -step) for step in steps), default=None)


def _unknown(clock: Clock) -> str:
    if clock.synchronised is None:
        return "the kernel does not say whether the clock is corrected"
    kept = f", {clock.services[0]} is running" if clock.services else ", its host may keep it"
    return f"the kernel says that nothing corrects the clock{kept}; nothing to compare it with"


def _title(clock: Clock, values: dict[str, float]) -> str:
    if values.get("step", 0) > 1:
        return f"The clock was set by {values['step']:,.1f} s between two runs"
    if values.get("uncorrected"):
        return "Nothing corrects the clock of this machine"
    if "offset" in values:
        return f"Clock synchronised, {1000 * values['offset']:.1f} ms to correct"
    if "hardware_offset" in values:
        ahead = clock.hardware_offset or 0.0
        return f"Clock not corrected, {abs(ahead):.1f} s from the hardware clock"
    return "Clock synchronised" if clock.synchronised else "The clock was not set between runs"


def _evidence(clock: Clock) -> tuple[Evidence, ...]:
    return (
        Evidence("synchronised", clock.synchronised, None, "adjtimex"),
        Evidence("max_error", clock.max_error, "seconds", "adjtimex"),
        Evidence("services", ", ".join(clock.services) or None),
        Evidence("earlier_readings", len(clock.past), "runs"),
    )
