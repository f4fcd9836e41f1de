"""Probe of the kernel log of this start of the machine: /dev/kmsg, else journalctl, else dmesg.

Documentation/ABI/testing/dev-kmsg of the Linux kernel: every read gives one record, EPIPE says
that records were overwritten meanwhile, EAGAIN that there are no more.
"""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from ml_debugger.artifacts import KernelEvent, KernelLog
from ml_debugger.kernel_messages.events import Events
from ml_debugger.probes.child import answer, now

KMSG = Path("/dev/kmsg")
COMMANDS = (
    ("journalctl", "-k", "-b", "--no-pager", "-q", "-o", "short-iso"),
    ("dmesg",),
)
"""What is asked where the device may not be read; both print to a pipe without colours."""

DEADLINE = 4.0
"""Seconds for one command: journals of gigabytes answer within about a second."""
MAX_LINES = 500_000
_RECORD = 8192
_CHUNK = 1 << 20
_LEAST = 3
"""Lines of a log that can be one; every kernel writes dozens while it starts."""
_NO_MACHINE = "Starting gVisor"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a source gave nothing."""

    source: str
    reason: str

    def __str__(self) -> str:
        return f"{self.source}: {self.reason}"


Asked = Sequence[str] | Refusal


def from_device(device: Path = KMSG) -> Asked:
    """The records of /dev/kmsg without their continuation lines."""
    try:
        number = os.open(device, os.O_RDONLY | os.O_NONBLOCK)
    except OSError as error:
        return Refusal(str(device), error.strerror or str(error))
    try:
        return list(_records(number))
    except OSError as error:
        return Refusal(str(device), error.strerror or str(error))
    finally:
        os.close(number)


def _records(number: int) -> Iterator[str]:
    for _ in range(MAX_LINES):
        try:
            record = os.read(number, _RECORD)
        except BrokenPipeError:
            continue
        except BlockingIOError:
            return
        if not record:
            return
        yield record.decode("utf-8", "replace").partition("\n")[0]


def from_command(command: Sequence[str], deadline: float = DEADLINE) -> Asked:
    """The lines that a command prints; a command that does not end in time is given up."""
    name = command[0]
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=deadline,
            check=False,
        )
    except FileNotFoundError:
        return Refusal(name, "is not installed")
    except subprocess.TimeoutExpired:
        return Refusal(name, f"no answer within {deadline:g} s")
    except OSError as error:
        return Refusal(name, error.strerror or str(error))
    lines = done.stdout.decode("utf-8", "replace").splitlines()[:MAX_LINES]
    if len(lines) < _LEAST:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        return Refusal(name, said[-1][:200] if said else "shows no messages of the kernel")
    return lines


def sources() -> dict[str, Callable[[], Asked]]:
    """Where the log of this machine may be read, the most direct first."""
    commands = {command[0]: partial(from_command, command) for command in COMMANDS}
    return {str(KMSG): from_device, **commands}


def take_log(sources: Mapping[str, Callable[[], Asked]], uptime: float | None = None) -> KernelLog:
    """Ask one source after the other; the first that shows messages is the log.

    `uptime` is the seconds since the machine started, for the times of the events.
    """
    refused: list[str] = []
    for source, ask in sources.items():
        lines = ask()
        if isinstance(lines, Refusal):
            refused.append(str(lines))
        elif len(lines) < _LEAST:
            refused.append(f"{source}: shows no messages of the kernel")
        elif any(_NO_MACHINE in line for line in lines[:_LEAST]):
            refused.append(f"{source}: shows a sandbox's own messages, not the kernel's")
        else:
            return _log(lines, source, uptime)
    return KernelLog("kernel log", None, (), 0, f"not readable: {'; '.join(refused)}", now())


def _log(lines: Sequence[str], source: str, uptime: float | None) -> KernelLog:
    events = Events()
    events.take(1, lines)
    found = events.finish()
    ended = events.ended
    if uptime is not None:
        started = datetime.now(UTC) - timedelta(seconds=uptime)
        found = tuple(_dated(event, started) for event in found)
        ended = _date(ended, started)
    return KernelLog("kernel log", None, found, events.lines, None, now(), ended, source)


def _dated(event: KernelEvent, started: datetime) -> KernelEvent:
    return replace(event, first=_date(event.first, started), last=_date(event.last, started))


def _date(stamp: str | None, started: datetime) -> str | None:
    """Seconds since boot as a time; the kernel's clock stands still while the machine sleeps."""
    if stamp is None or not stamp.replace(".", "", 1).isdigit():
        return stamp
    return (started + timedelta(seconds=float(stamp))).strftime("%Y-%m-%dT%H:%M:%SZ")


def main() -> None:
    """Read the log of this machine and print it."""
    answer(take_log(sources(), time.clock_gettime(time.CLOCK_MONOTONIC)))


if __name__ == "__main__":
    main()
