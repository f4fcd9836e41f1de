"""Memory pressure, swap and shared memory.

Files: Documentation/accounting/psi.rst and filesystems/proc.rst of the Linux kernel.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ml_debugger.artifacts.host import Pressure, Swap
from ml_debugger.probes.cgroups import pressure_file
from ml_debugger.probes.kernel_files import counters, kibibytes, text_of


@dataclass(frozen=True, slots=True)
class Traffic:
    """Counters of the machine's memory at a time, in seconds; they only grow."""

    seconds: float
    pages_in: int
    pages_out: int
    major_faults: int


def traffic(root: Path, seconds: float) -> Traffic | None:
    """The counters now; None outside Linux."""
    stat = counters(root / "proc/vmstat")
    if "pgmajfault" not in stat:
        return None
    swapped = stat.get("pswpin", 0), stat.get("pswpout", 0)
    return Traffic(seconds, *swapped, stat["pgmajfault"])


def machine_oom_kills(root: Path) -> int | None:
    """Processes of the whole machine that were killed for memory since it started."""
    return counters(root / "proc/vmstat").get("oom_kill")


def pressure(root: Path) -> Pressure | None:
    """The pressure of the own control group, else of the machine; None where neither is kept."""
    for file in (pressure_file(root), root / "proc/pressure/memory"):
        found = _pressure(text_of(file) or "") if file is not None else None
        if file is not None and found is not None:
            some, full = found
            return Pressure(
                some["avg10"],
                some["avg60"],
                full["avg10"],
                full["avg60"],
                full["avg300"],
                f"/{file.relative_to(root)}",
            )
    return None


def _pressure(text: str) -> tuple[Mapping[str, float], Mapping[str, float]] | None:
    lines = {}
    for line in text.splitlines():
        words = line.split()
        averages = (pair.partition("=") for pair in words[1:])
        try:
            lines[words[0] if words else ""] = {name: float(value) for name, _, value in averages}
        except ValueError:
            return None
    wanted = {"avg10", "avg60", "avg300"}
    some, full = lines.get("some", {}), lines.get("full", {})
    return (some, full) if wanted <= some.keys() and wanted <= full.keys() else None


def swap(root: Path, first: Traffic | None, second: Traffic | None) -> Swap | None:
    """Swap space, and its traffic between two readings; None outside Linux."""
    memory = kibibytes(root / "proc/meminfo")
    if "SwapTotal" not in memory:
        return None
    total, free = memory["SwapTotal"], memory.get("SwapFree", 0)
    used = max(0, total - free)
    if first is None or second is None or second.seconds <= first.seconds:
        return Swap(total, used)
    seconds, page = second.seconds - first.seconds, os.sysconf("SC_PAGE_SIZE")
    return Swap(
        total,
        used,
        max(0, second.pages_in - first.pages_in) * page / seconds,
        max(0, second.pages_out - first.pages_out) * page / seconds,
        max(0, second.major_faults - first.major_faults) / seconds,
    )


def shared_memory(
    root: Path, ask: Callable[[Path], os.statvfs_result] = os.statvfs
) -> tuple[int, int] | None:
    """Size and use in bytes of the volume that /dev/shm is or lies on; None where there is none."""
    try:
        status = ask(root / "dev/shm")
    except OSError:
        return None
    used = status.f_blocks - status.f_bfree
    return status.f_blocks * status.f_frsize, used * status.f_frsize
