"""CKP010: interrupted saves left their temporary files."""

from __future__ import annotations

from pathlib import PurePath

from ml_debugger.artifacts.model_folder import ModelFolder, SaveLeftover
from ml_debugger.contract import (
    Evidence,
    Limit,
    Measurement,
    NotMeasured,
    Outcome,
    Setting,
    Settings,
    check,
)


@check(
    code="CKP010",
    name="orphan-temporary",
    component="infrastructure",
    playbook="disk-and-checkpoints",
    limits=(
        Limit(
            "orphans",
            "files",
            "above",
            "temporary files of saves that nobody has changed for a day and nobody has open",
            "POSIX.1-2017, rename(): a save that came to its end leaves no temporary name",
            warn=0,
        ),
    ),
    settings=(
        Setting("days", "days", 1.0, "days without change after which no save goes on",
                "design choice: no save of one file lasts a day"),
    ),
    explained_by=("no-space-left", "disk-near-full", "quota-exceeded", "run-crashed"),
    profiles=("full",),
    fix="clear-temporary",
)  # fmt: skip
def orphan_temporary(subject: SaveLeftover | ModelFolder, settings: Settings) -> Outcome:
    """An interrupted save left its temporary file.

    What it measures:
        Files in folders of models, and files named as models elsewhere, whose names only
        unfinished writings have (NAME.pt.tmp, NAME.safetensors.part, tmpab12cd34, rsync's
        .NAME.pt.Xy12Ab). One counts when it has not changed for a day and no visible process
        has it open. Copies that a person made (.bak), editors' files, and saves of just now do
        not. A leftover that is whole and newer than all models beside it is said to be so: the
        save may have died between writing and renaming.
    Why it matters:
        Each is as large as a checkpoint, is on no list that a rotation looks at, and is
        loaded by mistake where a program takes the newest file. It is also the trace of a run
        that was killed while it saved.
    What to do:
        `diagnostic fix CKP010` moves it to quarantine. Where it is whole and the newest, look
        first whether the run needs it: rename it and let unreadable-checkpoint judge it.
    Sources:
        The names: Python's tempfile, rsync(1), curl(1); savers that write NAME.tmp first and
        rename, as POSIX rename() makes safe.
    """
    if isinstance(subject, ModelFolder):
        if not subject.whole:
            return NotMeasured("only some of the files were named, the folder is not known")
        if subject.leftovers:
            return NotMeasured("the leftovers in it are judged one by one")
        many = len(subject.checkpoints)
        title = f"No save was left half-written beside {many} model{'s' * (many != 1)}"
        return Measurement(title, {"orphans": 0.0})
    name = PurePath(subject.path or subject.subject).name
    going_on = subject.open_in is not None or subject.days <= settings["days"]
    if going_on:
        why = f"is open in {subject.open_in}" if subject.open_in else (
            f"changed {subject.days * 24:.1f} hours ago"
        )  # fmt: skip
        return Measurement(f"{name} {why}: a save may be going on", {"orphans": 0.0})
    evidence = [
        Evidence("size", subject.size, "bytes", subject.path),
        Evidence("age", round(subject.days, 1), "days"),
    ]
    said = ""
    if subject.problem is None:
        said = "; it is whole and the newest, look first" if subject.newest else "; it is whole"
        evidence.append(Evidence("content", "a whole model"))
    elif subject.problem:
        evidence.append(Evidence("content", subject.problem))
    title = f"{name}: {_bytes(subject.size)} of a save that ended {subject.days:.0f} days ago{said}"
    return Measurement(title, {"orphans": 1.0}, tuple(evidence))


def _bytes(size: int) -> str:
    for unit, scale in (("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10)):
        if size >= scale:
            return f"{size / scale:.1f} {unit}"
    return f"{size} bytes"
