"""Cards of a snapshot: which of them say what a check asks, and how they are called."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from ml_debugger.artifacts import GpuDevice, GpuSnapshot
from ml_debugger.contract import Evidence, Measurement, NotMeasured, Outcome

BUSY = 50.0
"""Percent of utilisation from which a card counts as under load: half of the time in kernels."""

SHOWN = 4
"""Cards whose facts stand in the evidence; the title names all."""


def saying(
    snapshot: GpuSnapshot, what: str, says: Callable[[GpuDevice], bool]
) -> list[GpuDevice] | NotMeasured:
    """The cards that answer and say `what`; the reason where there is none."""
    if snapshot.state == "absent":
        return NotMeasured("no sign of an NVIDIA GPU on this machine")
    if snapshot.state == "unreachable":
        return NotMeasured(f"the driver did not answer: {what} unknown")
    if not snapshot.devices:
        return NotMeasured("the driver names no card")
    answering = [device for device in snapshot.devices if device.problem is None]
    if not answering:
        return NotMeasured(f"no card answers: {what} unknown")
    told = [device for device in answering if says(device)]
    if not told:
        only = f" (the output holds only {snapshot.partial})" if snapshot.partial else ""
        return NotMeasured(f"{called(answering)}: {what} not said{only}")
    return told


def undescribed(snapshot: GpuSnapshot) -> int:
    """Cards that the driver counts and the output does not describe."""
    return max(0, (snapshot.attached or 0) - len(snapshot.devices))


def verdict(
    snapshot: GpuSnapshot,
    looked: Sequence[GpuDevice],
    concerned: Sequence[GpuDevice],
    *,
    title: str,
    values: Mapping[str, float],
    fact: Callable[[GpuDevice], Evidence],
) -> Outcome:
    """One measurement about several cards: those concerned with their fact, then the others.

    An output that was cut off says nothing of the cards that it lacks, so nothing wrong on the
    others is no pass.
    """
    if not concerned and undescribed(snapshot):
        told = f"{len(snapshot.devices)} of {snapshot.attached} attached cards"
        return NotMeasured(f"{title}; the output describes {told}")
    evidence = [fact(device) for device in concerned[:SHOWN]]
    others = [device for device in looked if device not in concerned]
    if concerned and others:
        evidence.append(Evidence("without_it", called(others)))
    return Measurement(title=title, values=values, evidence=tuple(evidence))


def called(devices: Iterable[GpuDevice]) -> str:
    """How cards are called: "GPU 2", "GPUs 0-3 and 7"."""
    return numbered(device.index for device in devices)


def numbered(indices: Iterable[int]) -> str:
    """Numbers of cards in words, runs of three and more shortened."""
    runs: list[list[int]] = []
    for index in sorted(set(indices)):
        if runs and index == runs[-1][-1] + 1:
            runs[-1].append(index)
        else:
            runs.append([index])
    words: list[str] = []
    for run in runs:
        words += [f"{run[0]}-{run[-1]}"] if len(run) > 2 else map(str, run)
    if len(words) == 1:
        return f"GPU{'s' if '-' in words[0] else ''} {words[0]}"
    return f"GPUs {', '.join(words[:-1])} and {words[-1]}"


def at(device: GpuDevice) -> str:
    """Where a fact stands: the card's number, with its bus address where it is known."""
    return f"GPU {device.index}" + (f" at {device.pci}" if device.pci else "")


def counted(number: int) -> str:
    """A number of cards in words: "1 GPU", "8 GPUs"."""
    return f"{number} GPU{'' if number == 1 else 's'}"


def verb(devices: Sequence[GpuDevice], one: str, several: str) -> str:
    """The form of a verb for as many cards."""
    return one if len(devices) == 1 else several


def under_load(device: GpuDevice) -> bool:
    """Whether the card is known to compute now."""
    return device.utilisation is not None and device.utilisation >= BUSY


def headroom(device: GpuDevice) -> float | None:
    """Degrees left until the card slows down by itself, None where it does not say."""
    if device.margin is not None:
        return device.margin
    limit = device.slowdown_at if device.slowdown_at is not None else device.shutdown_at
    if limit is None or device.temperature is None:
        return None
    return limit - device.temperature


def reasons(device: GpuDevice) -> tuple[str, ...]:
    """The active reasons for low clocks; none where the card does not say."""
    return device.throttled or ()
