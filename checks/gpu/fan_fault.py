"""GPU017: a card's fan stands still while the card is hot, or gives an error."""

from __future__ import annotations

import re

from checks.gpu.cards import at, called, headroom, saying, verb, verdict
from ml_debugger.artifacts import GpuDevice, GpuSnapshot
from ml_debugger.contract import (
    Evidence,
    Limit,
    NotMeasured,
    Outcome,
    Setting,
    Settings,
    check,
)

_WITH_FAN = re.compile(r"GeForce|RTX|TITAN|Quadro|GTX", re.IGNORECASE)
_PASSIVE = re.compile(r"Server|Max-Q|Laptop|Mobile|Passive", re.IGNORECASE)
_FAN_ERROR = re.compile(r"^\s*fan", re.IGNORECASE)


@check(
    code="GPU017",
    name="fan-fault",
    component="infrastructure",
    playbook="gpu-box",
    limits=(
        Limit(
            "standing",
            "cards",
            "above",
            "cards with a fan that stands still although the card is hot",
            "a fan with a zero-speed mode turns long before the card is hot; see degrees_left",
            fail=0,
        ),
        Limit(
            "unreadable",
            "cards",
            "above",
            "cards whose fan gives an error instead of a speed",
            "nvidia-smi prints ERR! where the fan controller does not answer",
            warn=0,
        ),
    ),
    settings=(
        Setting(
            "degrees_left",
            "degrees Celsius",
            25,
            "degrees below the slowdown from which a fan must turn",
            "a published log of an RTX 3090 at full load: its fan stands still up to 54 degrees"
            " and turns at 55, 40 below its slowdown",
        ),
    ),
    profiles=("quick", "pre-train", "full"),
)
def fan_fault(snapshot: GpuSnapshot, settings: Settings) -> Outcome:
    """A card's fan stands still while the card is hot, or gives an error.

    What it measures:
        A fan speed of 0 percent on a card that is within 25 degrees of its slowdown, and
        errors in the place of the speed. Only cards that have a fan of their own are judged:
        by their kind, or because a card of the same name turns its fan. Passive cards say
        nothing or 0, and cool cards with a zero-speed mode stand still; neither is a fault.
    Why it matters:
        A card without its fan slows down within minutes and switches itself off.
    What to do:
        Stop the work on this card and look at the fan: cable, dust, bearing. Water-cooled
        cards report no fan and stay cool; where one is hot, look at the pump.
    Sources:
        NVIDIA, nvidia-smi manual: the fan speed is the intended speed, N/A on cards without a
        fan; a blocked fan may show its intended speed, so a pass does not prove air. gpud,
        DCGM, Azure and gcm do not judge fans.
    """
    told = saying(snapshot, "fan speed", _says)
    if isinstance(told, NotMeasured):
        return told
    turning = {d.name for d in told if d.fan}
    erring = [d for d in told if _errors(d)]
    owners = [d for d in told if d.name in turning or _has_fan(d)]
    standing = [
        d
        for d in owners
        if d.fan == 0 and (left := headroom(d)) is not None and left <= settings["degrees_left"]
    ]
    if not owners and not erring:
        return NotMeasured(f"{called(told)}: no fan of its own, by its kind")
    if standing:
        title = f"{called(standing)}: fan at 0 % with the card at {_heat(standing)}"
    elif erring:
        title = f"{called(erring)}: the fan gives an error instead of a speed"
    else:
        title = f"{verb(owners, 'Fan', 'Fans')} of {called(owners)} {_speeds(owners)}"
    concerned = list(dict.fromkeys((*standing, *erring)))
    return verdict(
        snapshot,
        owners,
        concerned,
        title=title,
        values={"standing": len(standing), "unreadable": len(erring)},
        fact=lambda d: Evidence("fan", next(iter(_errors(d)), "0 %"), None, at(d)),
    )


def _says(device: GpuDevice) -> bool:
    return device.fan is not None or bool(_errors(device))


def _errors(device: GpuDevice) -> list[str]:
    return [problem for problem in device.problems if _FAN_ERROR.search(problem)]


def _has_fan(device: GpuDevice) -> bool:
    return bool(_WITH_FAN.search(device.name)) and not _PASSIVE.search(device.name)


def _heat(devices: list[GpuDevice]) -> str:
    return f"{max(d.temperature or 0 for d in devices):.0f} C"


def _speeds(devices: list[GpuDevice]) -> str:
    speeds = sorted(d.fan for d in devices if d.fan is not None)
    if not speeds or speeds[-1] == 0:
        return verb(devices, "stands still, the card is cool", "stand still, the cards are cool")
    return (
        f"at {speeds[0]:.0f} %"
        if speeds[0] == speeds[-1]
        else (f"at {speeds[0]:.0f} to {speeds[-1]:.0f} %")
    )
