"""What the kernel said of the machine: journal and dmesg text, grouped into events."""

from __future__ import annotations

from dataclasses import dataclass

from ml_debugger.artifacts.base import Artifact


@dataclass(frozen=True, slots=True)
class KernelEvent:
    """Kernel lines of one kind and cause, grouped: a bad kernel writes hundreds in milliseconds.

    `kind` is "xid", "sxid", "off-bus", "oom-kill", "read-only", "io-error", "hung-task",
    "pcie-bandwidth" or "nvlink". `code` is the Xid, `device` the PCI address or block device,
    `process` the process named. `text` is the first line of the group, `line` its 1-based number,
    `count` how many lines it stands for. `first` and `last` are times as ISO 8601 where the log
    has dates, else seconds since boot as text.
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


@dataclass(frozen=True, eq=False)
class KernelLog(Artifact):
    """The events of a kernel log. `problem` says why it could not be read, None when it was.

    `lines` is how many lines were looked at; `taken` when, for the log of this machine.
    """

    events: tuple[KernelEvent, ...]
    lines: int
    problem: str | None = None
    taken: str | None = None
