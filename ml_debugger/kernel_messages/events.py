"""Collects the events of a kernel log while its lines stream by, grouped and bounded."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ml_debugger.artifacts import KernelEvent
from ml_debugger.kernel_messages.framing import KERNEL, Framed, unframe
from ml_debugger.kernel_messages.messages import (
    WORDS,
    Said,
    announced_card,
    said,
    starts_machine,
)
from ml_debugger.kernel_messages.times import normal

MAX_GROUPS = 500
"""Groups with all that tells them apart; further ones are told apart by kind and code alone."""

_MORE_GROUPS = 1_000
_TEXT = 300
_SENTENCE = 6
"""Lines within which a sentence of several messages ends."""
_BEHIND_MARK = 3
"""Lines between the journal's mark of a start and the first message of the kernel."""
_OWN = (KERNEL, "systemd-oomd", "daemon", None)
_BARE = ("NVRM: ", "nvidia-nvswitch")
_MARK = re.compile(r"-- (?:Boot [0-9a-f]{16,}|Reboot) --")

Key = tuple[str, int | None, str | None, str | None, str | None, int]


@dataclass(slots=True)
class _Group:
    event: KernelEvent
    starts: int


class Events:
    """Takes the lines of a kernel log; `finish` gives the events."""

    def __init__(self) -> None:
        self.lines = 0
        self._last = ""
        self._groups: dict[Key, _Group] = {}
        self._starts = 0
        self._marked = -_BEHIND_MARK
        self._card: tuple[str, int] | None = None
        self._killed: deque[tuple[int, _Group]] = deque(maxlen=16)

    def take(self, first: int, lines: Sequence[str]) -> None:
        """Consecutive lines, of which the first has this 1-based number."""
        if not lines:
            return
        self.lines = first + len(lines) - 1
        self._last = next((raw for raw in reversed(lines) if raw.strip()), self._last)
        text = "\n".join(lines)
        words = [word for word in WORDS if word in text]
        if not words:
            return
        for number, raw in enumerate(lines, start=first):
            if any(word in raw for word in words):
                self._look(number, raw)

    @property
    def ended(self) -> str | None:
        """The time of the last line that was taken."""
        framed = unframe(self._last)
        return normal(framed.stamp) if framed is not None else None

    def finish(self) -> tuple[KernelEvent, ...]:
        """The events in the order of their first lines."""
        found = [
            replace(group.event, restarts=self._starts - group.starts)
            for group in self._groups.values()
        ]
        return tuple(sorted(found, key=lambda event: event.line))

    def _look(self, number: int, raw: str) -> None:
        framed = unframe(raw)
        if framed is None:
            framed = self._unframed(number, raw)
        if framed is None or framed.sender not in _OWN:
            return
        if starts_machine(framed.message):
            if number - self._marked > _BEHIND_MARK:
                self._starts += 1
            return
        card = announced_card(framed.message)
        if card is not None:
            self._card = (card, number)
            return
        told = said(framed.message, framed.sender)
        if told is not None:
            self._add(number, framed, self._completed(number, told))

    def _unframed(self, number: int, raw: str) -> Framed | None:
        """A message without a frame, as excerpts have them; counts the journal's marks."""
        if _MARK.match(raw):
            self._starts += 1
            self._marked = number
            return None
        return Framed("bare", raw.strip(), None, None) if raw.startswith(_BARE) else None

    def _completed(self, number: int, told: Said) -> Said:
        """With the card that an earlier part of the same sentence named."""
        if told.kind != "off-bus" or told.device is not None or self._card is None:
            return told
        card, line = self._card
        return replace(told, device=card) if number - line <= _SENTENCE else told

    def _add(self, number: int, framed: Framed, told: Said) -> None:
        if told.pid is not None and self._is_told(told):
            return
        event = KernelEvent(
            told.kind,
            framed.message[:_TEXT].strip(),
            number,
            1,
            told.code,
            told.device,
            told.process,
            normal(framed.stamp),
            normal(framed.stamp),
            told.detail,
        )
        group = self._group(event, told)
        if told.pid is not None:
            self._killed.append((told.pid, group))

    def _group(self, event: KernelEvent, told: Said) -> _Group:
        detail = told.detail if told.kind != "oom-kill" else None
        key: Key = (told.kind, told.code, told.device, told.process, detail, self._starts)
        if key not in self._groups and len(self._groups) >= MAX_GROUPS:
            many = len(self._groups) >= MAX_GROUPS + _MORE_GROUPS
            key = (told.kind, None if many else told.code, None, None, None, -1)
        group = self._groups.get(key)
        if group is None:
            group = self._groups[key] = _Group(event, self._starts)
        else:
            known = group.event
            group.starts = self._starts
            group.event = replace(known, count=known.count + 1, last=event.last or known.last)
        return group

    def _is_told(self, told: Said) -> bool:
        """Whether the kill was told of just before: the kernel uses two or three lines for one."""
        for pid, group in self._killed:
            if pid == told.pid and group.starts == self._starts:
                if told.detail is not None and group.event.detail is None:
                    group.event = replace(group.event, detail=told.detail)
                return True
        return False
