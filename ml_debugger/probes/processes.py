"""The processes that can be seen: zombies, stuck ones, and open files against limits.

Files: proc_pid_stat(5), proc_pid_sched(5), proc_pid_wchan(5), proc_pid_limits(5) and
proc_sys_fs(5). A process of interest is looked at twice, so that a passing state is none.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ml_debugger.artifacts.host import OpenFiles, Processes, ProcessState
from ml_debugger.probes.cgroups import task_limits
from ml_debugger.probes.kernel_files import number, text_of

BUDGET = 0.06
"""Seconds for one walk over all processes; a walk over 2,000 takes about as long."""
SHOWN = 8
MOST_FILES = 200_000
"""Entries of one folder of descriptors that are counted."""

_KERNEL_THREADS = 2
"""Number of kthreadd, the parent of all threads of the kernel."""
_FROZEN = ("refrigerator", "do_freezer_trap")
_STAT_FIELDS = 19


@dataclass(frozen=True, slots=True)
class Seen:
    """A process at one reading, as /proc/PID/stat tells it; `ran` is processor time in ticks."""

    pid: int
    name: str
    state: str
    parent: int
    threads: int
    ran: int
    started: int
    switches: int | None = None


@dataclass(frozen=True, slots=True)
class Walk:
    """All processes of one reading, by number; `complete` is false where time ran out."""

    seen: Mapping[int, Seen]
    complete: bool


def walk(root: Path, budget: float = BUDGET) -> Walk:
    """Read the state of every process, until the budget of seconds is used up."""
    end = time.monotonic() + budget
    found: dict[int, Seen] = {}
    try:
        with os.scandir(root / "proc") as entries:
            for entry in entries:
                if entry.name.isdigit():
                    one = _seen(root, entry.name)
                    if one is not None:
                        found[one.pid] = one
                    if time.monotonic() > end:
                        return Walk(found, complete=False)
    except OSError:
        return Walk(found, complete=False)
    return Walk(found, complete=True)


def examine(
    root: Path, first: Walk, *, uptime: float | None, user: int, nproc: int | None
) -> Processes | None:
    """What became of the processes of the first walk; None where none can be seen.

    `uptime` is the seconds since the machine started, `user` whose open files are counted,
    `nproc` the limit of processes of this user, None where there is none.
    """
    if not first.seen:
        return None
    zombies = [one for one in first.seen.values() if one.state == "Z"]
    late = [_zombie(root, one, first) for one in zombies[: 4 * SHOWN] if _still(root, one)]
    stuck = [
        state
        for one in first.seen.values()
        if one.state == "D" and (state := _stuck(root, one, first, uptime)) is not None
    ]
    tasks, limit, source = _tasks(root, first, user, nproc)
    handles = (text_of(root / "proc/sys/fs/file-nr") or "").split()
    counted = [int(word) for word in handles if word.isdigit()]
    return Processes(
        seen=len(first.seen),
        complete=first.complete,
        zombies=len(zombies),
        stuck=tuple(sorted(stuck, key=lambda s: -(s.seconds or 0))[:SHOWN]),
        collected_late=tuple(sorted(late, key=lambda s: -s.threads)[:SHOWN]),
        tasks=tasks,
        task_limit=limit,
        limit_source=source,
        fullest=_fullest(root, first, user),
        file_handles=counted[0] - counted[1] if len(counted) == 3 else None,
        file_handle_limit=counted[2] if len(counted) == 3 else None,
    )


def age(first: Walk, uptime: float | None) -> float | None:
    """Seconds since process 1 in sight was started; None where it is not seen."""
    one = first.seen.get(1)
    if one is None or uptime is None:
        return None
    return max(0.0, uptime - one.started / os.sysconf("SC_CLK_TCK"))


def _seen(root: Path, pid: str) -> Seen | None:
    text = text_of(root / "proc" / pid / "stat")
    # the name may hold blanks and brackets: it ends at the last closing one
    left, closing, right = (text or "").rpartition(")")
    fields = right.split()
    if not closing or len(fields) <= _STAT_FIELDS or "(" not in left:
        return None
    try:
        values = [int(fields[at]) for at in (1, 11, 12, 17, 19)]
    except ValueError:
        return None
    parent, user_time, system_time, threads, started = values
    name = left.partition("(")[2]
    one = Seen(int(pid), name, fields[0], parent, threads, user_time + system_time, started)
    if one.state != "D":
        return one
    switches = _switches(root, one.pid)
    return Seen(one.pid, name, "D", parent, threads, one.ran, started, switches)


def _switches(root: Path, pid: int) -> int | None:
    """How often the process gave up a processor: unchanged, it has not run in between."""
    found = [
        int(rest)
        for line in (text_of(root / f"proc/{pid}/status") or "").splitlines()
        if "ctxt_switches" in line and (rest := line.partition(":")[2].strip()).isdigit()
    ]
    return sum(found) if found else None


def _still(root: Path, one: Seen) -> bool:
    again = _seen(root, str(one.pid))
    return again is not None and (again.state, again.started) == (one.state, one.started)


def _zombie(root: Path, one: Seen, first: Walk) -> ProcessState:
    return ProcessState(
        one.pid, one.name, "Z", threads=max(1, one.threads), parent=_parent(root, one, first)
    )


def _stuck(root: Path, one: Seen, first: Walk, uptime: float | None) -> ProcessState | None:
    """A process in uninterruptible sleep that has not run between the readings."""
    if _KERNEL_THREADS in (one.pid, one.parent):
        return None
    again = _seen(root, str(one.pid))
    if again is None or (again.state, again.started) != ("D", one.started):
        return None
    if again.ran != one.ran or again.switches != one.switches:
        return None
    waiting = (text_of(root / f"proc/{one.pid}/wchan") or "").strip().strip("0") or None
    if waiting is not None and any(word in waiting for word in _FROZEN):
        return None
    seconds = _since(root, one.pid, uptime)
    parent = _parent(root, one, first)
    return ProcessState(one.pid, one.name, "D", seconds, waiting, one.threads, parent)


def _since(root: Path, pid: int, uptime: float | None) -> float | None:
    """Seconds since the process ran last: the scheduler keeps when, in milliseconds."""
    for line in (text_of(root / f"proc/{pid}/sched") or "").splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "se.exec_start" and uptime is not None:
            try:
                ran = float(value) / 1000
            except ValueError:
                return None
            return max(0.0, uptime - ran) if math.isfinite(ran) else None
    return None


def _parent(root: Path, one: Seen, first: Walk) -> str | None:
    above = first.seen.get(one.parent) or _seen(root, str(one.parent))
    return f"{above.name} ({above.pid})" if above is not None else None


def _tasks(
    root: Path, first: Walk, user: int, nproc: int | None
) -> tuple[int | None, int | None, str | None]:
    """Use, limit and its name where the share is largest."""
    rooms = list(task_limits(root))
    machine = number(root / "proc/sys/kernel/pid_max")
    threads = sum(one.threads for one in first.seen.values())
    if machine is not None:
        rooms.append((threads, machine, "/proc/sys/kernel/pid_max"))
    # the limit counts one user's, and the kernel does not hold root to it
    if nproc is not None and user != 0:
        own = sum(one.threads for one in first.seen.values() if _owner(root, one) == user)
        rooms.append((own, nproc, "RLIMIT_NPROC"))
    rooms = [room for room in rooms if room[1] > 0]
    return max(rooms, key=lambda room: room[0] / room[1], default=(None, None, None))


def _owner(root: Path, one: Seen) -> int | None:
    try:
        return (root / f"proc/{one.pid}").stat().st_uid
    except OSError:
        return None


def _fullest(root: Path, first: Walk, user: int) -> OpenFiles | None:
    end = time.monotonic() + BUDGET
    best: OpenFiles | None = None
    for one in first.seen.values():
        if time.monotonic() > end:
            break
        if one.state == "Z" or _KERNEL_THREADS in (one.pid, one.parent):
            continue
        found = _open_files(root, one, user)
        if found is not None and (
            best is None or found.used * best.limit > best.used * found.limit
        ):
            best = found
    return best


def _open_files(root: Path, one: Seen, user: int) -> OpenFiles | None:
    folder = root / f"proc/{one.pid}/fd"
    try:
        status = folder.stat()
        if status.st_uid != user:
            return None
        # from Linux 6.2 on the size of the folder is the number of descriptors
        used = status.st_size or sum(1 for _ in _bounded(folder))
    except OSError:
        return None
    limit = _soft_limit(root, one.pid)
    return OpenFiles(one.pid, one.name, used, limit) if limit else None


def _bounded(folder: Path) -> Iterator[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        for count, entry in enumerate(entries):
            if count >= MOST_FILES:
                return
            yield entry


def _soft_limit(root: Path, pid: int) -> int | None:
    for line in (text_of(root / f"proc/{pid}/limits") or "").splitlines():
        if line.startswith("Max open files"):
            word = line.removeprefix("Max open files").split()[:1]
            return int(word[0]) if word and word[0].isdigit() else None
    return None
