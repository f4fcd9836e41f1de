"""What the kernel said of the machine: journal and dmesg text, grouped into events."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from ml_debugger.artifacts.base import Artifact


@dataclass(frozen=True, slots=True)
class KernelEvent:
    """Kernel lines of one kind and cause, grouped: a bad kernel writes hundreds in milliseconds.

    `kind` is "xid", "sxid", "off-bus", "oom-kill", "read-only", "io-error", "hung-task",
    "pcie-bandwidth" or "nvlink". `code` is the Xid or SXid. `device` is the PCI address
    ("0000:9b:00", with the MIG instance where one is named), the block device, or the control
    group whose limit was hit. `process` is the process named, without its number where it has a
    name. `text` is the first line of the group without time and host, `line` its 1-based number,
    `count` how many it stands for. `first` and `last` are times as ISO 8601 where the log has
    dates (without year "--01-31T10:11:12"; with "Z" where the log names a zone), else seconds
    since boot as text.

    `detail` is what a judgement needs of the text: the recovery action of Xid 154, "fatal" or
    "non-fatal" of an SXid or an NVLink Xid, the resident memory of a killed process, the
    bandwidth that is left, the seconds of a hung task. `restarts` is how often the machine was
    started later in the log; lines of different starts are never grouped.
    """

    kind: str
    text: str
    line: int
    count: int = 1
    code: int | None = None
    device: str | None = None
    process: str | None = None
    first: str | None = None
    last: str | None = None
    detail: str | None = None
    restarts: int = 0


@dataclass(frozen=True, eq=False)
class KernelLog(Artifact):
    """The events of a kernel log. `problem` says why it could not be read, None when it was.

    `lines` is how many lines were looked at; `taken` when, for the log of this machine.
    `ended` is the time of its last line in the form of the events' times, `source` where the
    log of this machine was read: "/dev/kmsg", "journalctl" or "dmesg".
    """

    events: tuple[KernelEvent, ...]
    lines: int
    problem: str | None = None
    taken: str | None = None
    ended: str | None = None
    source: str | None = None

    def age(self, event: KernelEvent) -> float | None:
        """Days from the last line of an event to the end of the log, or to when it was read.

        None where the times cannot be compared.
        """
        return days_between(event.last, self.taken or self.ended)


def days_between(earlier: str | None, later: str | None) -> float | None:
    """Days from one time to another, both in the form of the events' times; None for others."""
    if earlier is None or later is None:
        return None
    if _is_seconds(earlier) and _is_seconds(later):
        return (float(later) - float(earlier)) / 86_400
    first, last = _moment(earlier), _moment(later)
    if first is None or last is None or earlier.startswith("--") != later.startswith("--"):
        return None
    days = (last - first) / timedelta(days=1)
    # a log without years may go over the end of one
    return days + 366 if days < 0 and earlier.startswith("--") else days


def _is_seconds(text: str) -> bool:
    return text.replace(".", "", 1).isdigit()


def _moment(text: str) -> datetime | None:
    # 2004 is a leap year; only intervals are asked for
    full = "2004-" + text[2:] if text.startswith("--") else text
    try:
        return datetime.fromisoformat(full.removesuffix("Z"))
    except ValueError:
        return None
