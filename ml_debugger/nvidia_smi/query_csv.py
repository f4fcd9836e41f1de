"""The CSV of `nvidia-smi --query-gpu`, with or without units: one sample or many in a row."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import islice

from ml_debugger.artifacts import GpuHistory, GpuSnapshot
from ml_debugger.nvidia_smi.card import Said, device_of
from ml_debugger.nvidia_smi.columns import fields_by_content
from ml_debugger.nvidia_smi.messages import Message, message_of, with_message
from ml_debugger.nvidia_smi.names import field_of, is_query
from ml_debugger.nvidia_smi.series import MAX_CARDS, Samples, Values
from ml_debugger.nvidia_smi.values import amount, moment, number, or_nan, whole, word

FORM = "nvidia-smi --query-gpu"
UNNAMED = "columns without names"
MOST_CARDS = 16
"""More rows without a time or an identifier than one box has cards are samples of one card."""
TOGETHER = 0.05
"""Seconds within which rows without an identifier are the cards of one sample."""

_HEAD = 20
_STRAY = 50
"""One line in so many may be of another program that wrote into the same file."""
_IDENTIFIERS = ("index", "pci.bus_id", "uuid")


class Rows:
    """Rows under one header: the last of every card, and the samples over time."""

    def __init__(self, header: Sequence[str], fields: Sequence[str | None], *, named: bool) -> None:
        self.header = header
        self.named = named
        self.count = 0
        self.samples = Samples()
        self.last: dict[str, Sequence[str]] = {}
        self._fields = fields
        self._identified = any(name in fields for name in _IDENTIFIERS)
        self._position = 0
        self._before: datetime | None = None
        self._waiting: list[Sequence[str]] | None = []
        if self._identified or "timestamp" in fields or "count" in fields:
            self._waiting = None

    def take(self, cells: Sequence[str]) -> None:
        """Take one row."""
        self.count += 1
        if self._waiting is None:
            facts = self._facts(cells)
            taken = moment(facts.get("timestamp"))
            self._keep(self._key(facts, taken), cells, facts, taken)
            return
        self._waiting.append(cells)
        if len(self._waiting) > MOST_CARDS:
            self._settle()

    def snapshot(self, messages: Sequence[Message], shown: str | None) -> GpuSnapshot:
        """The last row of every card."""
        self._settle()
        facts: dict[str, str] = {}
        devices = []
        for place, (key, cells) in enumerate(self.last.items()):
            facts = self._facts(cells)
            said = Said()
            for column, cell in zip(self.header, cells, strict=True):
                said.note(field_of(column) if self.named else None, _label(column), cell)
            said.facts.update({} if self.named else facts)
            index = whole(facts.get("index"))
            device = device_of(said, place if index is None else index)
            devices.append(device)
            self.samples.name(key, device)
        taken = moment(facts.get("timestamp"))
        versions = (word(facts.get(name)) for name in ("kmd_version", "driver_version"))
        snapshot = GpuSnapshot(
            subject=shown or "gpu",
            path=shown,
            state="answered",
            devices=tuple(sorted(devices, key=lambda device: device.index)),
            driver_version=next(filter(None, versions), None),
            taken=taken.isoformat() if taken else None,
            attached=whole(facts.get("count")),
            source=FORM,
            partial=None if self.named else UNNAMED,
        )
        for message in messages:
            snapshot = with_message(snapshot, message)
        return snapshot

    def _settle(self) -> None:
        """Rows that waited for company are cards, or samples of one card when they are many."""
        waiting, self._waiting = self._waiting or [], None
        many = len(waiting) > MOST_CARDS
        for place, cells in enumerate(waiting):
            self._keep(f"place {0 if many else place}", cells, self._facts(cells), None)

    def _keep(
        self, key: str, cells: Sequence[str], facts: dict[str, str], taken: datetime | None
    ) -> None:
        if key in self.last or len(self.last) < MAX_CARDS:
            self.last[key] = cells
            self.samples.add(key, taken, _values(facts))

    def _key(self, facts: dict[str, str], taken: datetime | None) -> str:
        for name in _IDENTIFIERS:
            if (identifier := word(facts.get(name))) is not None:
                return f"{name} {identifier}"
        count = whole(facts.get("count")) or 0
        near = taken and self._before and abs((taken - self._before).total_seconds()) < TOGETHER
        if self._identified or "timestamp" not in self._fields:
            near = self._position + 1 < count
        self._position = self._position + 1 if near else 0
        self._before = taken
        return f"place {self._position}"

    def _facts(self, cells: Sequence[str]) -> dict[str, str]:
        return {name: cell for name, cell in zip(self._fields, cells, strict=False) if name}


def read(
    lines: Iterable[str], shown: str | None
) -> tuple[GpuSnapshot | None, GpuHistory | None, int]:
    """The last sample of every card, the history of repeated ones, and how many lines fit
    neither the header nor anything else that nvidia-smi prints; 0 for a few stray ones."""
    rows: Rows | None = None
    messages: list[Message] = []
    odd = last = number = 0
    for number, line in enumerate(lines):
        row = cells(line)
        if is_query(row):
            if rows is None or list(rows.header) != row:
                rows = Rows(row, [field_of(cell) for cell in row], named=True)
        elif rows is None and (fields := fields_by_content(row)) is not None:
            rows = Rows([""] * len(row), fields, named=False)
            rows.take(row)
        elif rows is not None and len(row) == len(rows.header):
            rows.take(row)
        elif (message := message_of(line)) is not None:
            messages.append(message)
        elif rows is not None and line.strip():
            odd, last = odd + 1, number
    # a log that is being written, or was killed, ends within a row
    odd -= bool(odd) and last == number
    if rows is None or not rows.count:
        return None, None, odd
    snapshot = rows.snapshot(messages[-MAX_CARDS:], shown)
    return snapshot, rows.samples.history(shown), odd if odd * _STRAY > rows.count else 0


def is_csv(lines: Iterable[str]) -> bool:
    """Whether the first lines hold the header of such an output, or rows that can be no other."""
    first = list(islice((line for line in lines if line.strip()), _HEAD))
    if any(is_query(cells(line)) for line in first):
        return True
    return bool(first) and all(fields_by_content(cells(line)) is not None for line in first)


def cells(line: str) -> list[str]:
    """The cells of a line; none where it is no CSV."""
    try:
        row = next(csv.reader([line.strip()], skipinitialspace=True), [])
    except csv.Error:
        return []
    return [cell.strip() for cell in row]


def _label(column: str) -> str:
    return (field_of(column) or column).replace(".", " ").replace("_", " ")


def _values(facts: dict[str, str]) -> Values:
    power = number(facts.get("power.draw"))
    for name in ("power.draw.average", "power.draw.instant"):
        power = number(facts.get(name)) if power is None else power
    return (
        or_nan(number(facts.get("utilization.gpu"))),
        or_nan(amount(facts.get("memory.used"))),
        or_nan(number(facts.get("temperature.gpu"))),
        or_nan(power),
    )
