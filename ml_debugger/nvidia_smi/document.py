"""One document of `nvidia-smi -q` or `-q -x` while it is read, and the snapshot it becomes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from ml_debugger.artifacts import GpuProcess, GpuSnapshot
from ml_debugger.nvidia_smi.card import Said, device_of
from ml_debugger.nvidia_smi.labels import Path
from ml_debugger.nvidia_smi.messages import Message, with_message
from ml_debugger.nvidia_smi.values import amount, bare, is_error, moment, whole, word

_VERSION = re.compile(r"\d+(?:\.\d+)+")
_PARTS: Mapping[str, str] = {
    "retired pages": "page retirement",
    "remapped rows": "row remapping",
    "ecc mode": "ECC",
    "ecc errors": "ECC",
    "fb memory usage": "memory",
    "bar1 memory usage": "memory",
    "conf compute protected memory usage": "memory",
    "gpu power readings": "power",
    "power readings": "power",
    "gpu memory power readings": "power",
    "module power readings": "power",
    "clocks event reasons": "performance",
    "clocks throttle reasons": "performance",
    "performance state": "performance",
}
MAX_CARDS = 1024
MAX_FAILED = 64


@dataclass
class Document:
    """What was read so far. `labels` maps a path inside a card to a field."""

    form: str
    labels: Mapping[Path, str]
    header: dict[str, str] = field(default_factory=dict)
    cards: list[Said] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    sections: dict[str, None] = field(default_factory=dict)
    _processes: list[dict[str, str]] = field(default_factory=list)

    def open_card(self, bus: str = "") -> None:
        """A card begins."""
        self.close_card()
        if len(self.cards) < MAX_CARDS:
            self.cards.append(Said({"pci.bus_id": bus} if bus.strip() else {}))

    def section(self, path: Path) -> None:
        """A section of the card begins."""
        if len(path) == 1:
            self.sections[path[0]] = None
        if path in (("mig device",), ("mig_devices", "mig_device")):
            self._card().slices += 1
        if path == ("processes",):
            card = self._card()
            card.processes = card.processes or ()

    def leaf(self, path: Path, value: str) -> None:
        """The card says a value."""
        card = self._card()
        self.sections[path[0]] = None
        if path[0] == "processes":
            self._process(card, path, value)
        elif len(card.failed) < MAX_FAILED or not is_error(value):
            card.note(self.labels.get(path), path[-1].replace("_", " "), value)

    def close_card(self) -> None:
        """A card ends: its processes are known."""
        if self.cards and self._processes:
            known = tuple(_process(entry) for entry in self._processes if "pid" in entry)
            self.cards[-1].processes = known
        self._processes = []

    def snapshot(self, shown: str | None) -> GpuSnapshot:
        """The snapshot; `shown` is the file, None for a program that was just run."""
        self.close_card()
        taken = moment(self.header.get("timestamp"))
        attached = whole(self.header.get("attached gpus"))
        snapshot = GpuSnapshot(
            subject=shown or "gpu",
            path=shown,
            state="answered",
            devices=tuple(device_of(said, index) for index, said in enumerate(self.cards)),
            driver_version=self._version("kmd version", "driver version"),
            cuda_version=self._version("cuda umd version", "cuda version"),
            taken=taken.isoformat() if taken else None,
            attached=attached,
            source=self.form,
            partial=self._partial(attached),
        )
        for message in self.messages:
            snapshot = with_message(snapshot, message)
        return snapshot

    def _card(self) -> Said:
        if not self.cards:
            self.cards.append(Said())
        return self.cards[-1]

    def _process(self, card: Said, path: Path, value: str) -> None:
        if len(path) == 1:
            card.processes = () if bare(value).lower() == "none" else None
        elif path[-1] in ("process id", "pid"):
            self._processes.append({"pid": value})
        elif self._processes:
            self._processes[-1][path[-1]] = value

    def _version(self, *labels: str) -> str | None:
        for label in labels:
            version = bare(self.header.get(label, ""))
            if _VERSION.fullmatch(version):
                return version
        return None

    def _partial(self, attached: int | None) -> str | None:
        if self.cards and not any("name" in said.facts for said in self.cards):
            parts = [_PARTS.get(name, name.replace("_", " ")) for name in self.sections]
            return ", ".join(dict.fromkeys(parts)) or "no values"
        if attached is not None and attached > len(self.cards):
            return f"{len(self.cards)} of {attached} cards"
        return None


def _process(entry: Mapping[str, str]) -> GpuProcess:
    memory = entry.get("used gpu memory", entry.get("used_memory"))
    name = word(entry.get("name", entry.get("process_name")))
    return GpuProcess(whole(entry["pid"]) or 0, amount(memory), name)
