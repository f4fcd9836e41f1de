"""The clock: the kernel's word on it, who keeps it, and the hardware clock beside it.

adjtimex(2): state 5 (TIME_ERROR) and the flag STA_UNSYNC mean that nothing corrects the clock.
"""

from __future__ import annotations

import ctypes
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from ml_debugger.artifacts.host import Clock, ClockReading
from ml_debugger.probes.kernel_files import number, text_of

SERVICES = ("chronyd", "ntpd", "systemd-timesyn", "ntpsec", "openntpd", "ptp4l", "phc2sys", "timed")
"""Programs that set clocks, with names as short as the kernel keeps them."""

_UNSYNCHRONISED = 0x0040
_NANOSECONDS = 0x2000
_QUARTER = 900.0


class _Timex(ctypes.Structure):
    """struct timex of <sys/timex.h>."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("constant", ctypes.c_long),
        ("precision", ctypes.c_long),
        ("tolerance", ctypes.c_long),
        ("seconds", ctypes.c_long),
        ("fraction", ctypes.c_long),
        ("tick", ctypes.c_long),
        ("ppsfreq", ctypes.c_long),
        ("jitter", ctypes.c_long),
        ("shift", ctypes.c_int),
        ("stabil", ctypes.c_long),
        ("jitcnt", ctypes.c_long),
        ("calcnt", ctypes.c_long),
        ("errcnt", ctypes.c_long),
        ("stbcnt", ctypes.c_long),
        ("tai", ctypes.c_int),
        ("reserved", ctypes.c_int * 11),
    )


@dataclass(frozen=True, slots=True)
class Word:
    """The kernel's word on its clock; seconds."""

    synchronised: bool
    max_error: float
    offset: float


def ask_kernel() -> Word | None:
    """The kernel's word, asked without changing anything; None where it cannot be asked."""
    try:
        library = ctypes.CDLL(None, use_errno=True)
        timex = _Timex()
        state = library.adjtimex(ctypes.byref(timex))
    except (OSError, AttributeError):
        return None
    if state < 0:
        return None
    unit = 1e-9 if timex.status & _NANOSECONDS else 1e-6
    synchronised = not timex.status & _UNSYNCHRONISED
    return Word(synchronised, timex.maxerror * 1e-6, timex.offset * unit)


def read(
    root: Path, names: Iterable[str], ask: Callable[[], Word | None] = ask_kernel
) -> Clock | None:
    """The state of the clock; `names` are those of running processes. None outside Linux."""
    if not hasattr(time, "CLOCK_BOOTTIME"):
        return None
    word = ask()
    boot = (text_of(root / "proc/sys/kernel/random/boot_id") or "").strip() or None
    reading = ClockReading(time.time(), time.clock_gettime(time.CLOCK_BOOTTIME), boot)
    running = {name for name in names if name.startswith(SERVICES)}
    return Clock(
        reading,
        synchronised=word.synchronised if word is not None else _by_systemd(root),
        max_error=word.max_error if word is not None else None,
        offset=word.offset if word is not None else None,
        virtual=_is_virtual(root),
        services=tuple(sorted(running)),
        hardware_offset=_hardware_offset(root, time.time()),
    )


def _by_systemd(root: Path) -> bool | None:
    """systemd-timesyncd leaves a file once it has set the clock."""
    folder = root / "run/systemd/timesync"
    return (folder / "synchronized").exists() if folder.is_dir() else None


def _is_virtual(root: Path) -> bool | None:
    text = text_of(root / "proc/cpuinfo")
    if text is None:
        return None
    flags = next((line for line in text.splitlines() if line.startswith("flags")), "")
    return "hypervisor" in flags.split() or (root / "sys/hypervisor/uuid").exists()


def _hardware_offset(root: Path, now: float) -> float | None:
    """Seconds ahead of the first hardware clock, which may keep the time of any zone."""
    since = number(root / "sys/class/rtc/rtc0/since_epoch")
    if since is None:
        return None
    # the file holds whole seconds: on average half of one is gone
    ahead = now - (since + 0.5)
    return ahead - round(ahead / _QUARTER) * _QUARTER
