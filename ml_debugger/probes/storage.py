"""Probe of the volumes that given paths lie on. Each mount has a deadline of its own."""

from __future__ import annotations

import os
import sys
import threading
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ml_debugger.artifacts import StorageSnapshot, Volume
from ml_debugger.probes.child import answer, now

DEADLINE = 5.0
"""Seconds for one mount: the time after which node_exporter calls a mount point stuck."""

_ESCAPES = {"\\040": " ", "\\011": "\t", "\\012": "\n", "\\134": "\\"}


@dataclass(frozen=True, slots=True)
class Mount:
    """A line of mountinfo."""

    point: str
    device: str
    kind: str


def read_mounts(text: str) -> list[Mount]:
    """Parse `/proc/self/mountinfo` (proc(5)); a later line covers an earlier one."""
    mounts = []
    for line in text.splitlines():
        left, dash, right = line.partition(" - ")
        fields, kinds = left.split(), right.split()
        if dash and len(fields) >= 5 and len(kinds) >= 2:
            mounts.append(Mount(_unescaped(fields[4]), _unescaped(kinds[1]), kinds[0]))
    return mounts


def take_snapshot(
    paths: Sequence[str],
    mounts: Sequence[Mount],
    *,
    deadline: float = DEADLINE,
    ask: Callable[[str], os.statvfs_result] = os.statvfs,
) -> StorageSnapshot:
    """Ask the volume of each path once, all of them side by side."""
    holds: dict[Mount, list[str]] = defaultdict(list)
    for path in dict.fromkeys(paths):
        holds[mount_of(path, mounts)].append(path)
    slots: dict[Mount, Volume] = {}
    threads = []
    for mount, held in holds.items():
        thread = threading.Thread(target=_ask, args=(mount, held, ask, slots), daemon=True)
        thread.start()
        threads.append((mount, held, thread))
    volumes = []
    for mount, held, thread in threads:
        thread.join(deadline)
        late = Volume(
            mount.point,
            mount.device,
            mount.kind,
            problem=f"no answer within {deadline:g} s",
            holds=tuple(held),
        )
        volumes.append(slots.get(mount, late))
    return StorageSnapshot(subject="storage", path=None, volumes=tuple(volumes), taken=now())


def mount_of(path: str, mounts: Sequence[Mount]) -> Mount:
    """The mount that a path lies on: the longest mount point above it, the latest of equals."""
    best = Mount("/", "unknown", "unknown")
    for mount in mounts:
        above = mount.point.rstrip("/") + "/"
        if (path + "/").startswith(above) and len(mount.point) >= len(best.point):
            best = mount
    return best


def _ask(
    mount: Mount,
    held: Sequence[str],
    ask: Callable[[str], os.statvfs_result],
    slots: dict[Mount, Volume],
) -> None:
    try:
        status = ask(held[0])
    except OSError as error:
        slots[mount] = Volume(
            mount.point,
            mount.device,
            mount.kind,
            problem=error.strerror or str(error),
            holds=tuple(held),
        )
        return
    slots[mount] = Volume(
        mount.point,
        mount.device,
        mount.kind,
        total=status.f_blocks * status.f_frsize,
        free=status.f_bavail * status.f_frsize,
        writable=not status.f_flag & os.ST_RDONLY,
        holds=tuple(held),
    )


def _unescaped(text: str) -> str:
    for escape, character in _ESCAPES.items():
        text = text.replace(escape, character)
    return text


def main() -> None:
    """Take the snapshot of the volumes of the paths given as arguments, and print it."""
    # abspath follows no link, which on a stuck mount would hang here
    paths = [os.path.abspath(path) for path in sys.argv[1:]]  # noqa: PTH100
    try:
        mounts = read_mounts(Path("/proc/self/mountinfo").read_text())
    except OSError:
        # outside Linux the volumes are told apart by their paths alone
        mounts = [Mount(path, "unknown", "unknown") for path in paths]
    answer(take_snapshot(paths, mounts))


if __name__ == "__main__":
    main()
