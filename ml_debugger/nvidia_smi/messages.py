"""Sentences that nvidia-smi prints in place of an answer, or among its answers."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from ml_debugger.artifacts import GpuDevice, GpuSnapshot
from ml_debugger.nvidia_smi.card import UNNAMED

FORM = "nvidia-smi message"

_BUS = r"(?P<bus>(?:[0-9A-Fa-f]{3,8}:)?[0-9A-Fa-f]{2}:[0-9A-Fa-f]{2}(?:\.[0-9A-Fa-f])?)"
_CARD = re.compile(
    rf"unable to determine the device handle for gpu\s*{_BUS}:\s*(?P<said>.+?)\.?\s*$",
    re.IGNORECASE,
)
_INFOROM = re.compile(rf"warning: inforom is (?P<said>\w+) at gpu:?\s*{_BUS}", re.IGNORECASE)
_DRIVER = re.compile(
    r"(?:NVIDIA-SMI has failed because|Failed to initialize NVML:"
    r"|NVIDIA-SMI couldn't (?:find|communicate)|Failed to properly shut down NVML:).*",
    re.IGNORECASE,
)
_NONE = re.compile(r"no devices were found\.?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Message:
    """A sentence: `about` is "card", "note", "driver" or "none", `bus` the card it names."""

    about: str
    said: str
    bus: str | None = None


def message_of(line: str) -> Message | None:
    """The message that a line is, None for other lines."""
    text = line.strip()
    if found := _CARD.search(text):
        return Message("card", found["said"].strip(), found["bus"])
    if found := _INFOROM.search(text):
        return Message("note", f"infoROM: {found['said'].lower()}", found["bus"])
    if found := _DRIVER.match(text):
        return Message("driver", found[0])
    return Message("none", text) if _NONE.fullmatch(text) else None


def with_message(snapshot: GpuSnapshot, message: Message) -> GpuSnapshot:
    """The snapshot with what the message says of a card, of the driver or of there being none."""
    if message.about == "driver":
        state = "answered" if snapshot.devices else "unreachable"
        return replace(snapshot, state=state, detail=snapshot.detail or message.said)
    if message.about == "none":
        return replace(snapshot, detail=message.said, attached=snapshot.attached or 0)
    named = next((d for d in snapshot.devices if same_bus(d.pci, message.bus)), None)
    if named is None:
        named = _unseen(snapshot, message.bus)
    if message.about == "card":
        changed = replace(named, problem=message.said)
    else:
        changed = replace(named, problems=(*named.problems, message.said))
    others = [device for device in snapshot.devices if device.index != named.index]
    devices = sorted((*others, changed), key=lambda device: device.index)
    return replace(snapshot, devices=tuple(devices))


def same_bus(one: str | None, other: str | None) -> bool:
    """Whether two bus identifiers name one slot: `00000000:02:00.0` is `0000:02:00.0`."""
    return one is not None and other is not None and _slot(one) == _slot(other)


def _slot(bus: str) -> tuple[int, ...]:
    parts = re.split(r"[:.]", bus)
    try:
        numbers = [int(part, 16) for part in parts]
    except ValueError:
        return ()
    whole = numbers if len(numbers) > 3 else [0, *numbers]
    return tuple(whole)


def _unseen(snapshot: GpuSnapshot, bus: str | None) -> GpuDevice:
    """A card that nothing else names takes the first number that no other card has."""
    taken = {device.index for device in snapshot.devices}
    index = next(i for i in range(len(taken) + 1) if i not in taken)
    return GpuDevice(index=index, name=UNNAMED, pci=bus)
