"""GPU015: a card's hardware lowers its clocks because of its power supply."""

from __future__ import annotations

from checks.gpu.cards import at, called, headroom, reasons, saying, under_load, verdict
from ml_debugger.artifacts import GpuDevice, GpuSnapshot
from ml_debugger.contract import Evidence, Limit, NotMeasured, Outcome, check

BRAKE, HARDWARE, CAP = "hardware-power-brake", "hardware-slowdown", "software-power-cap"
THERMAL = ("hardware-thermal", "software-thermal")
NEAR_HEAT = 5.0
"""Degrees left from which a slowdown without a named cause may be thermal."""


@check(
    code="GPU015",
    name="throttled-power",
    component="infrastructure",
    playbook="gpu-box",
    limits=(
        Limit(
            "braked_under_load",
            "cards",
            "above",
            "cards that the power supply or their hardware brakes while they compute",
            "NVML API reference, HW power brake slowdown: clocks are halved or worse",
            fail=0,
        ),
        Limit(
            "braked",
            "cards",
            "above",
            "cards on which the power brake is asserted, loaded or not",
            "NVIDIA DCGM, DcgmHealthWatch: any power violation in a minute warns",
            warn=0,
        ),
    ),
    profiles=("quick", "pre-train", "full"),
)
def throttled_power(snapshot: GpuSnapshot) -> Outcome:
    """A card's hardware lowers its clocks because of its power supply.

    What it measures:
        The external power brake (the machine's power supply asks the card to slow down), and
        a hardware slowdown without a thermal reason on a card that computes and is not hot.
        The software power cap only keeps the card within the power limit that its owner set:
        it is told and never judged, and some drivers name it on idle cards.
    Why it matters:
        A power brake halves the clocks or worse; every card behind the same supply gets it. It
        comes from a failed or overloaded supply and does not go away by itself.
    What to do:
        Power brake: report it to the owner of the machine; supply, cables and the machine's
        own power limit are the causes. Power cap with a low limit: compare `power.limit` with
        `power.default_limit` (`nvidia-smi -q -d POWER`) and ask who set it.
    Sources:
        NVML API reference, nvmlClocksEventReasons: the general hardware slowdown may also be
        shown during a change of the performance state. The tools disagree: DCGM warns on any
        power violation, the ordinary cap included, gpud counts hardware slowdowns, Azure only
        logs. A card that trains at its limit is at work, so ours leaves the cap out.
    """
    told = saying(snapshot, "the reasons for low clocks", lambda d: d.throttled is not None)
    if isinstance(told, NotMeasured):
        return told
    braked = [d for d in told if BRAKE in reasons(d)]
    loaded = [d for d in told if under_load(d) and (BRAKE in reasons(d) or _unexplained(d))]
    capped = [d for d in told if CAP in reasons(d)]
    concerned = list(dict.fromkeys((*loaded, *braked)))
    if concerned:
        what = "power brake active" if braked else "slowed down by the hardware, not for heat"
        title = f"{called(concerned)}: {what}"
        if not loaded:
            title += ", without load"
    elif capped:
        title = f"No power brake; {called(capped)} at the power limit set{_limits(capped)}"
    else:
        title = f"No power brake on {called(told)}"
    return verdict(
        snapshot,
        told,
        concerned,
        title=title,
        values={"braked_under_load": len(loaded), "braked": len(braked)},
        fact=lambda d: Evidence("reasons", _told(d), None, at(d)),
    )


def _unexplained(device: GpuDevice) -> bool:
    """A hardware slowdown of which neither heat nor a change of state is the likely cause."""
    if HARDWARE not in reasons(device) or any(t in reasons(device) for t in THERMAL):
        return False
    left = headroom(device)
    return left is not None and left > NEAR_HEAT


def _limits(capped: list[GpuDevice]) -> str:
    known = {d.power_limit_watts for d in capped if d.power_limit_watts is not None}
    return f" ({min(known):.0f} W)" if len(known) == 1 else ""


def _told(device: GpuDevice) -> str:
    active = ", ".join(reasons(device))
    watts = "" if device.power_watts is None else f" at {device.power_watts:.0f} W"
    load = "" if device.utilisation is None else f", {device.utilisation:.0f} % busy"
    return f"{active}{watts}{load}"
