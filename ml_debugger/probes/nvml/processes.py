"""Processes that hold memory of a card, and which of them can be seen in this container."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ml_debugger.artifacts import GpuProcess
from ml_debugger.probes.nvml.asking import Asking, name_of

MAX_FILES = 50_000
"""Open files that are looked at: half a second's work."""

_LISTS = ("Compute", "Graphics", "MPSCompute")
_DEVICE = re.compile(r"/dev/(?:nvidia\d+|dxg)")


@dataclass(frozen=True)
class Seen:
    """What /proc shows. `users` hold a card's device file open, `others` do not; of processes
    in neither set nothing could be seen. None where there is no /proc."""

    users: frozenset[int]
    others: frozenset[int]
    present: frozenset[int]

    def here(self, pid: int) -> bool | None:
        """Whether a number of the driver's names a process here that uses a card.

        The driver gives the numbers of the host, so a process here may bear the same number
        by chance: one that is there but holds no device file is not the one that is meant.
        """
        if pid in self.users:
            return True
        return False if pid in self.others or pid not in self.present else None


def see(proc: Path = Path("/proc")) -> Seen | None:
    """Look at the open files of all processes, as far as they may be read."""
    try:
        folders = [folder for folder in proc.iterdir() if folder.name.isdigit()]
    except OSError:
        return None
    users: set[int] = set()
    others: set[int] = set()
    looked = 0
    for folder in folders:
        try:
            links = list((folder / "fd").iterdir())
        except OSError:
            # of another user, or gone meanwhile
            continue
        looked += len(links)
        if looked > MAX_FILES:
            break
        (users if any(map(_holds, links)) else others).add(int(folder.name))
    present = frozenset(int(folder.name) for folder in folders)
    return Seen(frozenset(users), frozenset(others), present)


def _holds(link: Path) -> bool:
    try:
        return _DEVICE.fullmatch(str(link.readlink())) is not None
    except OSError:
        # closed meanwhile
        return False


def processes_of(asking: Asking, seen: Seen | None) -> tuple[GpuProcess, ...] | None:
    """Processes of all kinds, each once; None where the driver lists none of the kinds."""
    found: dict[int, GpuProcess] = {}
    lists = [asking.ask("processes", f"nvmlDeviceGet{kind}RunningProcesses") for kind in _LISTS]
    for entry in (entry for listed in lists for entry in listed or ()):
        pid = int(entry.pid)
        if pid not in found or found[pid].memory is None:
            memory = getattr(entry, "usedGpuMemory", None)
            found[pid] = GpuProcess(
                pid=pid,
                memory=None if memory is None else int(memory),
                name=_name(asking.nvml, pid),
                here=None if seen is None else seen.here(pid),
            )
    return tuple(found.values()) if any(listed is not None for listed in lists) else None


def _name(nvml: Any, pid: int) -> str | None:
    try:
        return name_of(nvml.nvmlSystemGetProcessName(pid)) or None
    except nvml.NVMLError:
        # a process of another container has no name here
        return None
