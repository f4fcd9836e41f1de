"""The scrolling tables of `nvidia-smi dmon` and `nvidia-smi pmon`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from ml_debugger.artifacts import GpuDevice, GpuHistory, GpuProcess, GpuSnapshot
from ml_debugger.nvidia_smi.card import UNNAMED
from ml_debugger.nvidia_smi.series import Samples, values_of
from ml_debugger.nvidia_smi.values import MIB, number, whole

DEVICES = "nvidia-smi dmon"
PROCESSES = "nvidia-smi pmon"

_FORMS = ("%Y%m%d %H:%M:%S", "%Y/%m/%d %H:%M:%S")
_HEATS = ("gtemp", "temp")
_DEVICE = frozenset(("pwr", "gtemp", "temp", "sm", "mclk", "pclk", "fb", "sbecc", "rxpci", "pviol"))
MAX_CARDS = 1024


def header_of(line: str) -> Sequence[str] | None:
    """The column names of a heading line, None for other lines."""
    names = line.strip().lstrip("#").lower().split()
    if not line.lstrip().startswith("#") or "gpu" not in names:
        return None
    return names if "pid" in names or _DEVICE & set(names) else None


def read(lines: Iterable[str], shown: str | None) -> tuple[GpuSnapshot, GpuHistory | None]:
    """The last row of every card, and of the devices also the samples over time."""
    names: Sequence[str] = ()
    last: dict[int, GpuDevice] = {}
    clients: dict[int, dict[int, GpuProcess]] = {}
    samples = Samples()
    for line in lines:
        if (heading := header_of(line)) is not None:
            names = heading
        cells = line.split()
        if not names or line.lstrip().startswith("#") or len(cells) < len(names):
            continue
        row = dict(zip(names, cells, strict=False))
        index = whole(row["gpu"])
        if index is None or index >= MAX_CARDS:
            continue
        if "pid" in names:
            _client(clients.setdefault(index, {}), row)
        else:
            device = last[index] = _device(index, row)
            samples.add(str(index), _time(row), values_of(device))
            samples.name(str(index), device)
    for index, found in clients.items():
        last[index] = GpuDevice(index, UNNAMED, processes=tuple(found.values()))
    snapshot = GpuSnapshot(
        subject=shown or "gpu",
        path=shown,
        state="answered",
        devices=tuple(last[index] for index in sorted(last)),
        source=PROCESSES if clients else DEVICES,
        partial="processes" if clients else "monitored columns",
    )
    return snapshot, samples.history(shown)


def _client(found: dict[int, GpuProcess], row: dict[str, str]) -> None:
    pid = whole(row["pid"])
    if pid is None or len(found) >= MAX_CARDS:
        # a card without a process has a line of dashes
        return
    name = row.get("command", row.get("name"))
    found[pid] = GpuProcess(pid, _mebibytes(row), None if name == "-" else name)


def _device(index: int, row: dict[str, str]) -> GpuDevice:
    return GpuDevice(
        index=index,
        name=UNNAMED,
        memory_used=_mebibytes(row),
        utilisation=number(row.get("sm")),
        temperature=next((number(row[heat]) for heat in _HEATS if heat in row), None),
        power_watts=number(row.get("pwr")),
        memory_temperature=number(row.get("mtemp")),
    )


def _mebibytes(row: dict[str, str]) -> int | None:
    used = whole(row.get("fb"))
    return None if used is None else used * MIB


def _time(row: dict[str, str]) -> datetime | None:
    for form in _FORMS:
        try:
            return datetime.strptime(f"{row.get('date')} {row.get('time')}", form)
        except ValueError:
            continue
    return None


def is_line(line: str) -> bool:
    """Whether a line is a heading or a row that begins with numbers."""
    start = line.split()[:1]
    return line.lstrip().startswith("#") or (bool(start) and start[0].isdigit())
