"""What the kernel said of the machine: journal and dmesg text, grouped into events."""

from __future__ import annotations

from dataclasses import dataclass

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
