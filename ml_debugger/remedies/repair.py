"""Carrying out a plan, and taking it back.

Every step is one rename: at any moment a path holds the old file or the new one, never half of
either. The journal is written before and after, so that a repair that was killed can be undone.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ml_debugger.remedies.in_use import InUse
from ml_debugger.remedies.journal import Journal, entries, sync_folder
from ml_debugger.remedies.plan import Plan, RepairError, Seen, Step

_FULL = (errno.ENOSPC, errno.EDQUOT)

FOLDER = Path(".diagnostic", "fixes")
"""Where repairs are kept, below the folder that they are about: on its own volume."""


@dataclass(frozen=True, slots=True)
class Told:
    """What became of one step; `done` is false where it was left out, for the reason given."""

    path: Path
    done: bool
    words: str


def carry_out(plan: Plan, in_use: InUse) -> Iterator[Told]:
    """Carry out the steps of a plan, one after the other.

    A file that is in use or has changed since the plan was made is left alone. Raises
    RepairError when the repair cannot go on; what was done until then can be undone.
    """
    folder = _new_folder(plan)
    try:
        journal = Journal(folder)
        try:
            journal.note("began", remedy=plan.remedy, steps=len(plan.steps))
            for number, step in enumerate(plan.steps):
                yield _told(step, number, folder, journal, plan.root, in_use)
            journal.note("finished")
        finally:
            journal.close()
    except OSError as error:
        raise RepairError(f"{folder}: {_words(error)}") from error


def _told(
    step: Step, number: int, folder: Path, journal: Journal, root: Path, in_use: InUse
) -> Told:
    reason = in_use(step.path) or _changed(step)
    if reason is not None:
        return Told(step.path, done=False, words=f"left alone: {reason}")
    try:
        return _take(step, number, folder, journal, root)
    except RepairError as error:
        return Told(step.path, done=False, words=f"left alone: {error}")
    except OSError as error:
        if not os.path.lexists(step.path):
            return Told(step.path, done=False, words="left alone: it was taken away meanwhile")
        raise RepairError(f"{step.path}: {_words(error)}") from error


def _words(error: OSError) -> str:
    """What the system says; a full disk has no room for the journal either."""
    said = error.strerror or str(error)
    if error.errno in _FULL:
        return f"{said}; a repair needs some KB for its journal, 'fix --purge ID' frees more"
    return said


def _take(step: Step, number: int, folder: Path, journal: Journal, root: Path) -> Told:
    old = folder / "files" / str(number) / step.path.name
    old.parent.mkdir(parents=True)
    shown = str(step.path.relative_to(root))
    if step.write is None:
        journal.note("moving", path=shown, to=str(old.relative_to(folder)))
        _rename(step.path, old)
        journal.note("moved", path=shown)
        return Told(step.path, done=True, words="moved to quarantine")
    new = step.path.with_name(f".{step.path.name}.diagnostic-{os.getpid()}")
    journal.note("writing", path=shown, new=new.name)
    try:
        step.write(step.path, new)
        shutil.copystat(step.path, new)
        _sync(new)
        if (reason := _changed(step)) is not None:
            raise RepairError(reason)
        size = new.stat().st_size
        if size >= step.seen.size:
            raise RepairError(f"the new file would not be smaller ({size:,} bytes)")
        journal.note("replacing", path=shown, to=str(old.relative_to(folder)), size=size)
        _keep(step.path, old)
        new.replace(step.path)
        sync_folder(step.path.parent)
    finally:
        new.unlink(missing_ok=True)
    journal.note("replaced", path=shown)
    return Told(step.path, done=True, words=f"{step.seen.size:,} -> {size:,} bytes")


@dataclass(frozen=True, slots=True)
class Past:
    """A repair of the past. `state` is "done", "interrupted", "undone" or "purged"."""

    id: str
    folder: Path
    remedy: str
    state: str
    moved: int
    held: int


def past_repairs(root: Path) -> list[Past]:
    """The repairs below a folder, the newest last; `held` is the bytes in their quarantine."""
    found = []
    for folder in sorted((root / FOLDER).glob("*")):
        with suppress(OSError):
            done = [entry["did"] for entry in entries(folder)]
            begun = next((e for e in entries(folder) if e["did"] == "began"), {})
            held = sum(f.lstat().st_size for f in (folder / "files").rglob("*") if f.is_file())
            state = (
                "undone" if "undone" in done
                else "purged" if "purged" in done
                else "done" if "finished" in done
                else "interrupted"
            )  # fmt: skip
            moved = done.count("moved") + done.count("replaced")
            remedy = str(begun.get("remedy", "unknown"))
            found.append(Past(folder.name, folder, remedy, state, moved, held))
    return found


def undo(past: Past, root: Path) -> Iterator[Told]:
    """Bring everything back to where it was; what stands there now is never overwritten.

    Raises RepairError for a repair whose quarantine was purged.
    """
    if past.state in ("purged", "undone"):
        raise RepairError(f"{past.id} was {past.state} already")
    journal = Journal(past.folder)
    whole = True
    try:
        for entry in reversed(entries(past.folder)):
            if entry["did"] == "writing":
                # a new file that a killed repair left beside the old one
                (root / entry["path"]).with_name(entry["new"]).unlink(missing_ok=True)
            if entry["did"] not in ("moving", "replacing"):
                continue
            told = _bring_back(entry, past.folder, root)
            if told is not None:
                whole &= told.done
                yield told
        if whole:
            journal.note("undone")
    except OSError as error:
        raise RepairError(f"{past.id}: {error}") from error
    finally:
        journal.close()


def purge(past: Past) -> int:
    """Delete the quarantine of a repair, which frees its space; the bytes that were freed.

    Raises RepairError where it cannot be deleted.
    """
    quarantine = past.folder / "files"
    try:
        journal = Journal(past.folder)
        try:
            journal.note("purged", bytes=past.held)
        except OSError as error:
            if error.errno not in _FULL:
                raise
            # the entry has room on the full disk once the files are gone
            _delete(quarantine)
            journal.note("purged", bytes=past.held)
        finally:
            journal.close()
        _delete(quarantine)
    except OSError as error:
        raise RepairError(f"{past.id}: {error}") from error
    return past.held


def _delete(quarantine: Path) -> None:
    with suppress(FileNotFoundError):
        shutil.rmtree(quarantine)


def _bring_back(entry: Mapping[str, Any], folder: Path, root: Path) -> Told | None:
    old, place = folder / entry["to"], root / entry["path"]
    if not os.path.lexists(old):
        return None  # the step was not begun before the end came
    if entry["did"] == "replacing":
        with suppress(FileNotFoundError):
            now = place.lstat()
            if Seen.of(old) == Seen.of(place):
                old.unlink()  # it was kept, but not replaced
                return None
            if now.st_size != entry["size"]:
                return Told(place, done=False, words="it was written anew since; left alone")
        old.replace(place)
    elif os.path.lexists(place):
        return Told(place, done=False, words="another file stands there now; left alone")
    else:
        place.parent.mkdir(parents=True, exist_ok=True)
        _rename(old, place)
    sync_folder(place.parent)
    return Told(place, done=True, words="back in its place")


def _new_folder(plan: Plan) -> Path:
    stamp = datetime.now(UTC).strftime("%Y-%m-%dT%H%M%SZ")
    base = plan.root / FOLDER / f"{stamp}-{plan.remedy}"
    folder, number = base, 2
    while True:
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            folder, number = base.with_name(f"{base.name}-{number}"), number + 1
        except OSError as error:
            raise RepairError(f"{folder}: {_words(error)}") from error
        else:
            sync_folder(folder.parent)
            return folder


def _changed(step: Step) -> str | None:
    try:
        return None if Seen.of(step.path) == step.seen else "it has changed since the plan was made"
    except OSError as error:
        return error.strerror or str(error)


def _rename(path: Path, to: Path) -> None:
    try:
        path.rename(to)
    except OSError as error:
        if error.errno == errno.EXDEV:
            raise RepairError("it lies on another volume than the folder of the repair") from error
        raise
    sync_folder(to.parent)
    sync_folder(path.parent)


def _keep(path: Path, old: Path) -> None:
    """Keep a file under a second name; a copy where the file system has no hard links."""
    try:
        os.link(path, old)
    except OSError:
        shutil.copy2(path, old)
        _sync(old)
    sync_folder(old.parent)


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
