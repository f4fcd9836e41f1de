"""The list of `nvidia-smi -L`: cards, and the MIG instances beneath them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from ml_debugger.artifacts import GpuDevice, GpuSnapshot
from ml_debugger.nvidia_smi.messages import message_of, with_message

FORM = "nvidia-smi -L"
PARTIAL = "names"
CARD = re.compile(r"GPU (?P<index>\d{1,4}): (?P<name>.+?) \(UUID: (?P<uuid>GPU-[0-9a-fA-F-]+)\)")
SLICE = re.compile(r"\s+MIG .+\(UUID: MIG-\S+\)")


def read(lines: Iterable[str], shown: str | None) -> GpuSnapshot:
    """The cards of a list; a list read twice is one list."""
    cards: dict[int, GpuDevice] = {}
    messages = []
    last: int | None = None
    for line in lines:
        text = line.rstrip()
        if card := CARD.fullmatch(text):
            last = int(card["index"])
            cards[last] = GpuDevice(last, card["name"], card["uuid"])
        elif SLICE.fullmatch(text) and last is not None:
            cards[last] = replace(cards[last], mig=True, slices=cards[last].slices + 1)
        elif message := message_of(text):
            messages.append(message)
    snapshot = GpuSnapshot(
        subject=shown or "gpu",
        path=shown,
        state="answered",
        devices=tuple(cards[index] for index in sorted(cards)),
        source=FORM,
        partial=PARTIAL,
    )
    for message in messages:
        snapshot = with_message(snapshot, message)
    return snapshot


def is_line(line: str) -> bool:
    """Whether a line is one of a card or of an instance."""
    return bool(CARD.fullmatch(line.rstrip()) or SLICE.fullmatch(line.rstrip()))
