"""Probe of the volumes that given paths lie on. A mount that hangs costs only itself."""

from __future__ import annotations

import argparse
import errno
import os
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from ml_debugger.artifacts import StorageSnapshot, Volume
from ml_debugger.probes.child import answer, now
from ml_debugger.probes.fate import Surroundings, fate_of
from ml_debugger.probes.mounts import Mount, mount_of, read_mounts
from ml_debugger.probes.old_files import OldFiles, walk
from ml_debugger.probes.side_by_side import side_by_side
from ml_debugger.probes.trial_write import SIZE, Trial, trial_write

DEADLINE = 5.0
"""Seconds for one mount: the time after which node_exporter calls a mount point stuck."""
WRITE_DEADLINE = 4.0
LEAST_FREE = 16 * SIZE
"""Bytes below which no trial is made: it would take the last space from whoever works there."""
MOST_FOREIGN = 32
"""Network mounts that hold none of the paths and are asked whether they answer."""

Ask = Callable[[str], os.statvfs_result]
Write = Callable[[Path], Trial]


@dataclass(frozen=True, slots=True)
class Places:
    """The paths to ask about: the workspace's (its root first), temporary folders, others."""

    workspace: tuple[str, ...] = ()
    temporary: tuple[str, ...] = ()
    others: tuple[str, ...] = ()

    @property
    def every(self) -> tuple[str, ...]:
        """All of them, each once."""
        return tuple(dict.fromkeys((*self.workspace, *self.temporary, *self.others)))


@dataclass(frozen=True, slots=True)
class Asked:
    """What to do beyond asking for space: a real write, a walk for old files."""

    write: Write | None = None
    walk: bool = False


def take_snapshot(
    places: Places,
    mounts: Sequence[Mount],
    where: Surroundings,
    asked: Asked,
    *,
    deadline: float = DEADLINE,
    ask: Ask = os.statvfs,
    resolve: Callable[[str], str] = os.path.realpath,
) -> StorageSnapshot:
    """Ask the volume of each path once, all of them side by side."""
    real = side_by_side({path: partial(resolve, path) for path in places.every}, deadline)
    holds: dict[Mount, list[str]] = defaultdict(list)
    for path in places.every:
        holds[mount_of(real.get(path, path), mounts)].append(path)
    foreign = [m for m in mounts if m.is_network and m not in holds][:MOST_FOREIGN]
    stuck = {mount for mount, held in holds.items() if any(path not in real for path in held)}
    questions: dict[Mount, Callable[[], Volume]] = {
        mount: partial(_ask, mount, holds.get(mount, ()), ask)
        for mount in (*holds, *foreign)
        if mount not in stuck
    }
    answers = side_by_side(questions, deadline)
    volumes = {
        mount: answers.get(mount) or _silent(mount, holds.get(mount, ()), deadline)
        for mount in (*holds, *foreign)
    }
    trials: dict[Mount, Trial] = {}
    if asked.write is not None:
        own = (*places.workspace, *places.temporary)
        folders = {mount: _writable(volume, own) for mount, volume in volumes.items()}
        writes = {m: partial(asked.write, f) for m, f in folders.items() if f is not None}
        done = side_by_side(writes, WRITE_DEADLINE)
        late = Trial("late", f"a write had no answer within {WRITE_DEADLINE:g} s")
        trials = {mount: done.get(mount, late) for mount in writes}
    walks = _walks(places, volumes) if asked.walk else None
    return StorageSnapshot(
        subject="storage",
        path=None,
        volumes=tuple(
            _judged(volume, trials.get(mount), mount, where) for mount, volume in volumes.items()
        ),
        taken=now(),
        workspace=places.workspace,
        temporary=places.temporary,
        leftovers=None if walks is None else tuple(w.leftovers for w in walks),
        large=None if walks is None else tuple(f for w in walks for f in w.large),
        cut_short=() if walks is None else tuple(w.cut_short for w in walks if w.cut_short),
        passing=where.passing,
    )


def _ask(mount: Mount, held: Sequence[str], ask: Ask) -> Volume:
    blank = _blank(mount, held)
    try:
        status = ask(held[0] if held else mount.point)
    except OSError as error:
        name = errno.errorcode.get(error.errno or 0)
        return replace(blank, problem=error.strerror or str(error), error=name)
    return replace(
        blank,
        total=status.f_blocks * status.f_frsize,
        free=status.f_bavail * status.f_frsize,
        # file systems that make inodes as they are needed state none
        inodes_total=status.f_files or None,
        inodes_free=status.f_favail if status.f_files else None,
        writable=not status.f_flag & os.ST_RDONLY,
        reads_recorded=not status.f_flag & getattr(os, "ST_NOATIME", 0),
    )


def _blank(mount: Mount, held: Sequence[str]) -> Volume:
    return Volume(
        mount.point,
        mount.device,
        mount.kind,
        holds=tuple(held),
        network=mount.is_network,
        turned_read_only=mount.turned_read_only,
    )


def _silent(mount: Mount, held: Sequence[str], deadline: float) -> Volume:
    problem = f"no answer within {deadline:g} s"
    return replace(_blank(mount, held), problem=problem, error="ETIMEDOUT")


def _writable(volume: Volume, places: Sequence[str]) -> Path | None:
    """The folder for a trial: the first of our own on a volume that may be written to."""
    if volume.problem is not None or not volume.writable or (volume.free or 0) < LEAST_FREE:
        return None
    for path in volume.holds:
        folder = Path(path) if Path(path).is_dir() else Path(path).parent
        if path in places and os.access(folder, os.W_OK | os.X_OK):
            return folder
    return None


def _judged(volume: Volume, trial: Trial | None, mount: Mount, where: Surroundings) -> Volume:
    fate, reason = fate_of(mount, where)
    told = replace(volume, fate=fate, fate_reason=reason)
    if trial is None:
        return told
    return replace(
        told,
        write=trial.outcome,
        write_problem=trial.problem,
        write_rates=trial.rates,
        write_bytes=SIZE,
    )


def _walks(places: Places, volumes: Mapping[Mount, Volume]) -> list[OldFiles]:
    """Walk each own folder on a volume that answered; one below another is walked with it."""
    recorded = {
        path: volume.reads_recorded
        for volume in volumes.values()
        if volume.problem is None
        for path in volume.holds
        if path in places.workspace or path in places.temporary
    }
    own = _outermost([path for path in recorded if path in places.workspace])
    temporary = _outermost([path for path in recorded if path not in places.workspace])
    tops = [path for path in (*own, *temporary) if Path(path).is_dir()]
    questions = {
        path: partial(
            walk,
            path,
            reads_recorded=recorded[path],
            temporary=path in temporary,
            without=[other for other in tops if other != path],
        )
        for path in tops
    }
    done = side_by_side(questions, WRITE_DEADLINE)
    late = f"no answer within {WRITE_DEADLINE:g} s"
    return [done.get(path) or OldFiles(path, cut_short=f"{path}: {late}") for path in tops]


def _outermost(paths: Sequence[str]) -> list[str]:
    return [p for p in paths if not any(Path(p).is_relative_to(o) for o in paths if o != p)]


def main() -> None:
    """Take the snapshot of the volumes of the paths given as arguments, and print it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--workspace", action="append", default=[])
    parser.add_argument("--temporary", action="append", default=[])
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--walk", action="store_true")
    parser.add_argument("others", nargs="*")
    given = parser.parse_args()
    # abspath follows no link, which on a stuck mount would hang here
    workspace, temporary, others = (
        tuple(os.path.abspath(path) for path in paths)  # noqa: PTH100
        for paths in (given.workspace, given.temporary, given.others)
    )
    places = Places(workspace, temporary, others)
    try:
        mounts = read_mounts(Path("/proc/self/mountinfo").read_text(encoding="utf-8"))
    except OSError:
        # outside Linux the volumes are told apart by their paths alone
        mounts = [Mount(path, "unknown", "unknown") for path in places.every]
    where = Surroundings.of(os.environ, mounts)
    asked = Asked(trial_write if given.write else None, given.walk)
    answer(take_snapshot(places, mounts, where, asked))


if __name__ == "__main__":
    main()
