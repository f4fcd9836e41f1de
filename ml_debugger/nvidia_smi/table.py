"""The plain table of `nvidia-smi`, with its lines of MIG devices and of processes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from ml_debugger.artifacts import GpuProcess, GpuSnapshot
from ml_debugger.nvidia_smi.card import Said, device_of
from ml_debugger.nvidia_smi.document import MAX_CARDS
from ml_debugger.nvidia_smi.messages import Message, message_of, with_message
from ml_debugger.nvidia_smi.values import amount, moment, whole, word

FORM = "nvidia-smi table"
TITLE = re.compile(r"\|\s*NVIDIA-SMI\s+(?P<smi>\S+)")

_DRIVER = re.compile(r"(?:Driver|KMD) Version:\s*(\d[\d.]*)")
_CUDA = re.compile(r"CUDA (?:UMD )?Version:\s*(\d[\d.]*)")
_ERROR = r"ERR!|\[?Unknown Error\]?"
_FIRST = re.compile(
    rf"\s*(?P<index>\d{{1,4}})\s+(?P<name>\S.*?)\s+(?P<persistence>On|Off|N/A|WDDM|TCC|MCDM|{_ERROR})"
)
_BUS = re.compile(r"\s*(?P<bus>[0-9A-Fa-f]{4,8}:[0-9A-Fa-f]{2}:[0-9A-Fa-f]{2}\.[0-9A-Fa-f])\b.*")
_SECOND = re.compile(
    rf"\s*(?P<fan>\d+\s*%|N/A|{_ERROR})\s+(?P<temperature>-?\d+\s*C|N/A|{_ERROR})"
    rf"\s+(?P<pstate>P\d+|N/A|{_ERROR})\s+(?P<power>.*?)\s*/\s*(?P<limit>.*?)\s*"
)
_MEMORY = re.compile(r"\s*(?P<used>\S+(?:\s*Error\]?)?)\s*/\s*(?P<total>\S+(?:\s*Error\]?)?)\s*")
_LOAD = re.compile(rf"\s*(?P<load>\d+\s*%|N/A|{_ERROR})\s+\S.*")
_MIG = re.compile(r"\s*(?P<mode>Enabled\*?|Disabled\*?|N/A)\s*")
_SLICE = re.compile(r"\s*(?P<index>\d+)\s+\d+\s+\d+\s+\d+\s*")
_PROCESS = re.compile(
    r"\|\s*(?P<index>\d+)\s+(?:(?:\d+|N/A)\s+(?:\d+|N/A)\s+)?(?P<pid>\d+)\s+"
    r"(?P<kind>[CGM+]{1,5})\s+(?P<name>\S.*?)\s+(?P<memory>\d+\s?MiB|N/A)\s*\|"
)


def snapshots(lines: Iterable[str], shown: str | None) -> Iterator[GpuSnapshot]:
    """The snapshot of each table; a line that is no part of one is passed by."""
    table: _Table | None = None
    stamp: str | None = None
    messages: list[Message] = []
    for line in lines:
        text = line.rstrip()
        if TITLE.match(text):
            if table is not None:
                yield table.snapshot(shown, messages)
                messages = []
            table, stamp = _Table(text, stamp), None
        elif moment(text) is not None:
            stamp = text
        elif message := message_of(text):
            messages.append(message)
        elif table is not None and text.startswith("|"):
            table.take(text)
    if table is not None:
        yield table.snapshot(shown, messages)


class _Table:
    """One table while it is read."""

    def __init__(self, title: str, stamp: str | None) -> None:
        self._title = title
        self._taken = moment(stamp)
        self._cards: dict[int, Said] = {}
        self._last: Said | None = None
        self._part = "cards"

    def take(self, line: str) -> None:
        if "MIG devices:" in line:
            self._part = "slices"
        elif "Processes:" in line:
            self._part = "processes"
            for card in self._cards.values():
                card.processes = ()
        elif self._part == "processes":
            self._process(line)
        else:
            cells = line.strip().strip("|").split("|")
            if self._part == "slices":
                self._slice(cells)
            elif len(cells) == 3:
                self._card(cells)

    def _card(self, cells: list[str]) -> None:
        first, bus = _FIRST.fullmatch(cells[0].rstrip()), _BUS.fullmatch(cells[1])
        if first and bus:
            if len(self._cards) < MAX_CARDS:
                self._last = self._cards[int(first["index"])] = Said()
                self._first(self._last, first, bus, cells[2].strip())
            return
        if self._last is None:
            return
        second, memory = _SECOND.fullmatch(cells[0].rstrip()), _MEMORY.fullmatch(cells[1])
        if second and memory:
            for field, label in (
                *(("fan.speed", "fan"), ("temperature.gpu", "temperature"), ("pstate", "pstate")),
                *(("power.draw", "power"), ("enforced.power.limit", "limit")),
            ):
                self._last.note(field, field.replace(".", " "), second[label])
            self._last.note("memory.used", "memory used", memory["used"])
            self._last.note("memory.total", "memory total", memory["total"])
            if load := _LOAD.fullmatch(cells[2].rstrip()):
                self._last.note("utilization.gpu", "utilization gpu", load["load"])
        elif not cells[0].strip() and (mig := _MIG.fullmatch(cells[2])):
            mode = mig["mode"]
            self._last.note("mig.mode.current", "mig mode", mode.rstrip("*"))
            if mode.endswith("*"):
                other = "Disabled" if mode.startswith("Enabled") else "Enabled"
                self._last.note("mig.mode.pending", "mig mode", other)

    def _first(self, card: Said, first: re.Match[str], bus: re.Match[str], ecc: str) -> None:
        card.note("name", "name", first["name"])
        card.note("pci.bus_id", "bus", bus["bus"])
        # on Windows the column holds the driver model, which is no state of persistence
        card.note("persistence_mode", "persistence mode", first["persistence"])
        if ecc.isdigit():
            card.note("ecc.errors.uncorrected.volatile.total", "ecc", ecc)
        # with MIG the column says "On": each slice has a count of its own
        card.note("ecc.mode.current", "ecc", "On" if ecc.isdigit() else ecc)

    def _slice(self, cells: list[str]) -> None:
        found = _SLICE.fullmatch(cells[0])
        if found and int(found["index"]) in self._cards:
            self._cards[int(found["index"])].slices += 1

    def _process(self, line: str) -> None:
        found = _PROCESS.match(line)
        card = self._cards.get(int(found["index"])) if found else None
        if found and card is not None:
            process = GpuProcess(
                whole(found["pid"]) or 0, amount(found["memory"]), word(found["name"])
            )
            card.processes = (*(card.processes or ()), process)

    def snapshot(self, shown: str | None, messages: list[Message]) -> GpuSnapshot:
        driver, cuda = _DRIVER.search(self._title), _CUDA.search(self._title)
        snapshot = GpuSnapshot(
            subject=shown or "gpu",
            path=shown,
            state="answered",
            devices=tuple(device_of(said, index) for index, said in sorted(self._cards.items())),
            driver_version=driver[1] if driver else None,
            cuda_version=cuda[1] if cuda else None,
            taken=self._taken.isoformat() if self._taken else None,
            source=FORM,
        )
        for message in messages[-MAX_CARDS:]:
            snapshot = with_message(snapshot, message)
        return snapshot


def is_line(line: str) -> bool:
    """Whether a line could stand in such a table."""
    return line[:1] in ("|", "+") or moment(line) is not None
