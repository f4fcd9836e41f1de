"""GPU018: a card's PCIe link is narrower or slower than card and slot can do."""

from __future__ import annotations

from statistics import mode

from checks.gpu.cards import at, called, counted, saying, under_load, verdict
from ml_debugger.artifacts import GpuDevice, GpuSnapshot
from ml_debugger.contract import Evidence, Limit, NotMeasured, Outcome, check

PER_LANE_AND_MINUTE = {1: 0.15, 2: 0.3, 3: 0.48, 4: 0.96, 5: 1.92, 6: 3.84}
"""Replays that NVIDIA DCGM tolerates by generation (DcgmHealthWatch.cpp)."""

MINUTES_OF_DAY = 24 * 60


@check(
    code="GPU018",
    name="pcie-degraded",
    component="infrastructure",
    playbook="gpu-box",
    limits=(
        Limit(
            "narrowing",
            "times",
            "above",
            "largest over present width of the narrowest link",
            "published outputs of sound T4, P2000 and RTX 2080 cards: x8 of x16, by their board or"
            " slot; a quarter and less is seen on none",
            warn=2,
        ),
        Limit(
            "narrower",
            "cards",
            "above",
            "cards on fewer lanes than the others of the same name in this machine",
            "cards of one name in one machine are wired alike",
            warn=0,
        ),
        Limit(
            "slower",
            "cards",
            "above",
            "cards that compute over a lower PCIe generation than card and slot can do",
            "NVIDIA, nvidia-smi manual: the generation may be lower while the card is idle",
            warn=0,
        ),
        Limit(
            "replay_days",
            "days of tolerated replays",
            "above",
            "replays since the driver was loaded, worst card, over those that a link may have in"
            " a day",
            "NVIDIA DCGM, DcgmHealthWatch.cpp: replays per lane and minute by generation;"
            " published outputs of sound H100 cards show 9 to 120 in all",
            warn=1,
        ),
    ),
    profiles=("pre-train", "full"),
)
def pcie_degraded(snapshot: GpuSnapshot) -> Outcome:
    """A card's PCIe link is narrower or slower than card and slot can do.

    What it measures:
        Lanes in use against the largest number, and against the other cards of the same name
        in this machine; the generation of cards that compute now; and replays against those
        that a sound link may have within a day. Half of the lanes alone pass and are told:
        on cards made for 8 lanes, and in slots with 8, drivers give 16 as the largest number
        all the same, so one snapshot cannot tell a design from a lost half. The generation of
        a card that does not compute is not judged, because it is lowered to save power.
    Why it matters:
        Input that does not fit on the card comes over this link, and so do gradients between
        cards without NVLink: on a quarter of the lanes it takes four times as long.
    What to do:
        Look at the slot and at risers, seat the card again, and compare with the manual of
        the board (which slot has how many lanes, and what shares them). A generation that
        stays low under load is often set so in the firmware of the machine.
    Sources:
        NVIDIA, nvidia-smi manual, GPU link information; NVML API reference,
        nvmlDeviceGetMaxPcieLinkWidth. The tools disagree: DCGM's diagnosis asks for one lane
        of generation 1 unless a file for the machine raises it, its watch counts replays by
        the minute, imbue reads the kernel's line about limited bandwidth. Ours compares the
        card with what it can do and with its siblings.
    """
    told = saying(
        snapshot,
        "PCIe link",
        lambda d: d.connection.width is not None or d.connection.replays is not None,
    )
    if isinstance(told, NotMeasured):
        return told
    quarter = [d for d in told if _narrowing(d) > 2]
    narrower = _narrower(told)
    loaded = [d for d in told if under_load(d) and d.connection.generation is not None]
    slower = [d for d in loaded if _slower(d)]
    noisy = [d for d in told if _replay_days(d) > 1]
    concerned = list(dict.fromkeys((*narrower, *quarter, *slower, *noisy)))
    wide = [d for d in told if d.connection.width is not None]
    return verdict(
        snapshot,
        told,
        concerned,
        title=_title(told, concerned),
        values={
            "narrowing": max(map(_narrowing, wide), default=float("nan")),
            "narrower": len(narrower) if wide else float("nan"),
            "slower": len(slower) if loaded else float("nan"),
            "replay_days": max(map(_replay_days, told)),
        },
        fact=lambda d: Evidence("link", _told(d), None, at(d)),
    )


def _narrowing(device: GpuDevice) -> float:
    link = device.connection
    return link.width_max / link.width if link.width and link.width_max else 1.0


def _narrower(told: list[GpuDevice]) -> list[GpuDevice]:
    """Cards on fewer lanes than most cards of their name; two that differ have no majority, so
    there the wider one is the measure."""
    found = []
    for name in {d.name for d in told}:
        cards = [d for d in told if d.name == name and d.connection.width]
        if len(cards) > 1:
            widths = [d.connection.width or 0 for d in cards]
            usual = mode(sorted(widths, reverse=True))
            found += [d for d in cards if (d.connection.width or 0) < usual]
    return found


def _slower(device: GpuDevice) -> bool:
    link = device.connection
    return (link.generation or 0) < (link.generation_max or 0)


def _replay_days(device: GpuDevice) -> float:
    link = device.connection
    if link.replays is None:
        return 0.0
    rate = PER_LANE_AND_MINUTE.get(link.generation_max or 1, PER_LANE_AND_MINUTE[6])
    return link.replays / (rate * (link.width or link.width_max or 16) * MINUTES_OF_DAY)


def _title(told: list[GpuDevice], concerned: list[GpuDevice]) -> str:
    if concerned:
        return f"{called(concerned)}: PCIe {_told(concerned[0])}"
    half = [d for d in told if _narrowing(d) > 1]
    if half:
        return f"{called(half)}: x8 of x16 by board or slot, or half of the lanes lost".replace(
            "x8 of x16", _lanes(half[0])
        )
    most = max(d.connection.replays or 0 for d in told)
    replays = f", at most {most:,} replays" if most else ""
    lanes = sorted({_lanes(d) for d in told if d.connection.width})
    return f"PCIe of {counted(len(told))}: {', '.join(lanes) or 'replays only'}{replays}"


def _lanes(device: GpuDevice) -> str:
    link = device.connection
    most = f" of x{link.width_max}" if link.width_max and link.width_max != link.width else ""
    return f"x{link.width}{most}"


def _told(device: GpuDevice) -> str:
    link = device.connection
    parts = [_lanes(device)] if link.width else []
    if link.generation:
        most = f" of {link.generation_max}" if link.generation_max else ""
        parts.append(f"generation {link.generation}{most}")
    if link.replays:
        parts.append(f"{link.replays:,} replays")
    return ", ".join(parts)
