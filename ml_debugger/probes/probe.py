"""Running probes: child processes side by side, each with a deadline, never killed outright."""

from __future__ import annotations

import json
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from ml_debugger.artifacts.base import Artifact
from ml_debugger.artifacts.recorded import RecordError, from_record

NAMES = ("gpu", "host", "storage", "environment", "kernel_log")
"""The probes of this package."""

DEADLINE = 10.0
GRACE = 0.5
MAX_ANSWER = 8 << 20
"""Bytes of one answer; a longer one is no snapshot."""

_CHUNK = 65_536
_abandoned: list[subprocess.Popen[bytes]] = []


@dataclass(frozen=True, slots=True)
class ProbeFailure:
    """A probe that gave no snapshot, and why."""

    probe: str
    reason: str
    seconds: float


@dataclass
class _Child:
    name: str
    process: subprocess.Popen[bytes]
    started: float
    deadline: float
    answer: bytearray = field(default_factory=bytearray)
    late: bool = False


def command_of(name: str, arguments: Sequence[str]) -> list[str]:
    """The command of a probe; `-P` keeps modules of the current folder out of its way."""
    return [sys.executable, "-P", "-m", f"ml_debugger.probes.{name}", *arguments]


def take(
    names: Sequence[str] = NAMES,
    deadline: float | Mapping[str, float] = DEADLINE,
    *,
    arguments: Mapping[str, Sequence[str]] | None = None,
    grace: float = GRACE,
    command: Callable[[str, Sequence[str]], list[str]] = command_of,
) -> list[Artifact | ProbeFailure]:
    """Run probes side by side; the results stand in the order of the names.

    A probe that gives no line within its `deadline`, in seconds for all or by name, gets SIGTERM.
    One that is still there `grace` seconds later hangs in a driver or a mount, where SIGKILL does
    harm: it is left alone and collected by a later call.
    """
    _abandoned[:] = [process for process in _abandoned if process.poll() is None]
    given = arguments or {}
    allowed = {
        name: deadline if isinstance(deadline, int | float) else deadline.get(name, DEADLINE)
        for name in names
    }
    children = [_start(name, command(name, given.get(name, ())), allowed[name]) for name in names]
    _listen(children)
    end = time.monotonic() + grace
    return [_result(child, end) for child in children]


def _start(name: str, command: list[str], deadline: float) -> _Child:
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    return _Child(name, process, time.monotonic(), deadline)


def _listen(children: Sequence[_Child]) -> None:
    """Collect output until every child gave a line, closed its output or is out of its time."""
    waiting = list(children)
    with selectors.DefaultSelector() as selector:
        for child in children:
            assert child.process.stdout is not None
            selector.register(child.process.stdout, selectors.EVENT_READ, child)
        while waiting:
            left = min(child.started + child.deadline for child in waiting) - time.monotonic()
            for key, _ in selector.select(max(0.0, left)):
                child = key.data
                data = os.read(key.fd, _CHUNK)
                child.answer += data
                if not data or _answered(child) or len(child.answer) > MAX_ANSWER:
                    child.answer += b"" if _answered(child) else b"\n"
            for child in waiting:
                over = time.monotonic() >= child.started + child.deadline
                if over and not _answered(child):
                    child.late = True
                    _terminate(child.process)
            for child in [c for c in waiting if c.late or _answered(c)]:
                waiting.remove(child)
                assert child.process.stdout is not None
                selector.unregister(child.process.stdout)


def _answered(child: _Child) -> bool:
    return b"\n" in child.answer


def _terminate(process: subprocess.Popen[bytes]) -> None:
    try:
        # the whole session, so that an interpreter asked by the probe ends with it
        os.killpg(process.pid, signal.SIGTERM)
    except ProcessLookupError:
        return


def _result(child: _Child, end: float) -> Artifact | ProbeFailure:
    code = _collect(child.process, end)
    seconds = time.monotonic() - child.started
    if child.late:
        left = "" if code is not None else "; it does not end either and was left alone"
        return ProbeFailure(child.name, f"no answer within {child.deadline:g} s{left}", seconds)
    try:
        return from_record(json.loads(child.answer.partition(b"\n")[0]))
    except RecordError as error:
        return ProbeFailure(child.name, f"its answer {error}", seconds)
    except ValueError:
        how = f"signal {-code}" if code is not None and code < 0 else f"exit code {code}"
        return ProbeFailure(child.name, f"ended without an answer, {how}", seconds)


def _collect(process: subprocess.Popen[bytes], end: float) -> int | None:
    assert process.stdout is not None
    process.stdout.close()
    try:
        return process.wait(max(0.0, end - time.monotonic()))
    except subprocess.TimeoutExpired:
        _abandoned.append(process)
        return None
