"""GPU014: a card lowers its clocks because of heat."""

from __future__ import annotations

from checks.gpu.cards import at, called, reasons, saying, under_load, verb, verdict
from ml_debugger.artifacts import GpuDevice, GpuSnapshot
from ml_debugger.contract import Evidence, Limit, NotMeasured, Outcome, check

HARDWARE, SOFTWARE = "hardware-thermal", "software-thermal"


@check(
    code="GPU014",
    name="throttled-thermal",
    component="infrastructure",
    playbook="gpu-box",
    limits=(
        Limit(
            "hot_under_load",
            "cards",
            "above",
            "cards that their hardware slows down for heat while they compute",
            "NVML API reference, HW thermal slowdown: clocks are halved or worse",
            fail=0,
        ),
        Limit(
            "slowed",
            "cards",
            "above",
            "cards that are slowed down for heat, by hardware or driver, loaded or not",
            "NVIDIA DCGM, DcgmHealthWatch: any thermal violation in a minute warns",
            warn=0,
        ),
    ),
    explained_by=("fan-fault",),
    profiles=("quick", "pre-train", "full"),
)
def throttled_thermal(snapshot: GpuSnapshot) -> Outcome:
    """A card lowers its clocks because of heat.

    What it measures:
        The reasons for low clocks that the driver names as active now: thermal slowdown by
        the hardware, and by the driver. Low clocks of an idle card and the ordinary power cap
        are none of these.
    Why it matters:
        The hardware's slowdown halves the clocks or worse. In a training over several cards
        all wait for the hot one, which looks like a slow network.
    What to do:
        Compare the temperatures of the cards: one hot card means dust, a fan, paste or its
        place; all hot means the room or the air flow. Until it is mended lower the power
        limit (`nvidia-smi -pl`, by the owner of the machine): it costs less speed than the
        slowdown does.
    Sources:
        NVML API reference, nvmlClocksEventReasons. The tools disagree: gpud calls a card
        unhealthy from 0.6 hardware slowdowns a minute over ten minutes, DCGM warns on any
        violation within a minute, Azure only logs. One snapshot has no minutes, so ours fails
        only on the hardware's slowdown of a card that computes, and warns otherwise.
    """
    told = saying(snapshot, "the reasons for low clocks", lambda d: d.throttled is not None)
    if isinstance(told, NotMeasured):
        return told
    slowed = [d for d in told if HARDWARE in reasons(d) or SOFTWARE in reasons(d)]
    hot = [d for d in slowed if HARDWARE in reasons(d) and under_load(d)]
    title = f"{called(told)} {verb(told, 'is', 'are')} not slowed down for heat"
    if slowed:
        by = "the hardware" if any(HARDWARE in reasons(d) for d in slowed) else "the driver"
        title = f"{called(hot or slowed)} slowed down for heat by {by}"
    return verdict(
        snapshot,
        told,
        sorted(slowed, key=lambda d: d not in hot),
        title=title,
        values={"hot_under_load": len(hot), "slowed": len(slowed)},
        fact=lambda d: Evidence("reasons", _told(d), None, at(d)),
    )


def _told(device: GpuDevice) -> str:
    active = ", ".join(reasons(device))
    heat = "" if device.temperature is None else f" at {device.temperature:.0f} C"
    load = "" if device.utilisation is None else f", {device.utilisation:.0f} % busy"
    return f"{active}{heat}{load}"
