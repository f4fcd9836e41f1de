"""Kernel logs: output of dmesg and journalctl, syslog and kern.log, dumps of a console.

Known by the frames of their lines, never by a name: a training log that quotes an Xid is none.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

from ml_debugger.artifacts import KernelLog
from ml_debugger.kernel_messages.events import Events
from ml_debugger.kernel_messages.framing import KERNEL, Framed, unframe
from ml_debugger.readers.head import Head
from ml_debugger.readers.reader import Reader, Reading
from ml_debugger.readers.training.stream import Stream

FORMAT = "kernel log"

_FIRST_LOOK = 40
_LINES = 400
_ENOUGH = 0.6
"""Share of lines that must have a frame: dumps and excerpts have some without."""
_KERNEL_SHARE = 0.2
"""Share of the kernel's own lines in a log of all services."""
_STEPS_BACK = 2
_MICROSECONDS = ("seconds", "record")
# how kernel messages begin: a subsystem, a driver with its device, or what starts print
_SUBJECT = re.compile(
    r"(?:NVRM|nvidia[\w-]*|nvme\d*|pci(?:eport|_bus)?|usb|usbcore|ACPI|PCI|PM|EXT[234]-fs|XFS|BTRFS|"
    r"systemd(?:-\w+)?(?:\[\d+\])?|mlx\d\w*|i915|ata\d+(?:\.\d+)?|scsi|sd|EDAC|mce|x86|"
    r"clocksource|rcu|random|tsc|smp|BIOS-e820|e820|MTRR|NET|TCP|IPv6|cgroup|docker0|overlayfs|"
    r"(?:INFO|BUG|WARNING|CPU|RIP|Code|Workqueue|Hardware name|Modules linked in|audit)(?=:)|"
    r"\w+ \d{4}:[0-9a-f]{2}:[0-9a-f]{2}\.\d|br-\w+|veth\w+|eth\d|en[ospx]\w+|"
    r"IPVS|bridge|nf_conntrack|perf|loop\d*|input|hid\S*|tty\S*|zram\d?|swap\w*)[: ]"
)
_SAYING = re.compile(
    r"Linux version \d|Command line: |Call Trace|---\[ |Mem-Info|oom-kill:|oom_reaper: |"
    r"(?:Memory cgroup out|Out) of memory: |Killed process \d|\[UFW |.{1,16} invoked oom-killer|"
    r"Memory: \d+K/|Kernel command line|Booting Linux|\[drm[\]:]| *BIOS-e820|Freeing |"
    r"(?:nvidia-)?nvswitch\d+: "
)
_MARK = re.compile(r"-- (?:Logs begin|Journal begins|Boot [0-9a-f]|Reboot|No entries)")


def recognise(head: Head) -> str | None:
    """The format's name where the lines are framed as those of a kernel log."""
    if head.encoding is None:
        return None
    lines = [line for line in head.text.splitlines()[:_LINES] if line.strip()]
    if head.size > len(head.start) and len(lines) > 1:
        del lines[-1]
    if not lines or not _framed_enough(lines[:_FIRST_LOOK]):
        return None
    framed = [found for line in lines if (found := unframe(line)) is not None]
    if len(framed) < _ENOUGH * len(lines):
        return None
    return FORMAT if _is_kernel(framed) else None


def read(head: Head, _form: str) -> Reading:
    """The events of the log; reading is streamed, so a log of any size takes little memory."""
    stream = Stream(head)
    events = Events()
    for block in stream.blocks():
        events.take(block.first, block.texts)
    found = events.finish()
    log = KernelLog(head.shown, head.shown, found, events.lines, ended=events.ended)
    return Reading([log], stream.problem)


def _framed_enough(lines: Sequence[str]) -> bool:
    """A cheap look at the first lines, because every text file passes here."""
    framed = sum(unframe(line) is not None or _MARK.match(line) is not None for line in lines)
    return framed >= _ENOUGH / 2 * len(lines)


def _is_kernel(framed: Sequence[Framed]) -> bool:
    """Whether the kernel wrote the lines, or enough of them."""
    senders = Counter(found.sender for found in framed)
    own = senders[KERNEL]
    unnamed = [found for found in framed if found.sender is None]
    if len(unnamed) > len(framed) / 2:
        return _speaks_as_kernel(unnamed)
    return own > 0 and own >= _KERNEL_SHARE * len(framed)


def _speaks_as_kernel(framed: Sequence[Framed]) -> bool:
    """Whether messages begin as those of the kernel do.

    Seconds with six places that never go back are hardly anybody else's form; dates are
    everybody's. Excerpts put lines of several machines together.
    """
    speaking = sum(
        _SUBJECT.match(found.message) is not None or _SAYING.match(found.message) is not None
        for found in framed
    )
    if speaking >= 0.5 * len(framed):
        return True
    seconds = sum(found.form in _MICROSECONDS for found in framed)
    clocked = seconds > len(framed) / 2 and _in_order(framed)
    return speaking > 0 and speaking >= (0.05 if clocked else 0.3) * len(framed)


def _in_order(framed: Sequence[Framed]) -> bool:
    """Whether seconds since boot hardly ever go back."""
    stamps = [float(f.stamp) for f in framed if f.form in _MICROSECONDS and f.stamp is not None]
    back = sum(b < a for a, b in pairwise(stamps))
    return back <= max(_STEPS_BACK, len(stamps) // 20)


READER = Reader("kernel-log", recognise, read)
