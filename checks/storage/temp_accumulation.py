"""STO007: what interrupted writings left fills the disk."""

from __future__ import annotations

from ml_debugger.artifacts import Leftovers, StorageSnapshot
from ml_debugger.contract import Evidence, Limit, Measurement, NotMeasured, Outcome, check


@check(
    code="STO007",
    name="temp-accumulation",
    component="infrastructure",
    playbook="disk-and-checkpoints",
    limits=(
        Limit(
            "leftover_gib",
            "GiB",
            "above",
            "bytes of leftovers of unfinished writings, older than a day, below one folder",
            "one checkpoint of a model of 60 million parameters with its optimizer's state (16"
            " bytes each): less is not worth a person's time",
            warn=1.0,
        ),
    ),
    fix="clear-temporary",
    profiles=("full",),
)
def temp_accumulation(storage: StorageSnapshot) -> Outcome:
    """What interrupted writings left fills the disk.

    What it measures:
        Files of this user below the workspace and the folder for temporary files whose names
        only unfinished writings have (NAME.tmp, NAME.part, tmpab12cd34, rsync's
        .NAME.Xy12Ab, core dumps) and that nobody changed for a day; in the temporary folder
        also all that lies in folders with such names. The walk ends after 0.7 seconds a
        folder, so very large trees are known in part.
    Why it matters:
        A save that is killed leaves its file beside the checkpoint, each time as large as
        the checkpoint. They are on no list that a rotation looks at.
    What to do:
        `diagnostic fix STO007` shows the files in the workspace and moves them to quarantine
        with --apply. Those in the temporary folder may be removed when no process that made
        them runs any more (`lsof +D FOLDER`).
    Sources:
        the names: Python's tempfile, curl, browsers, rsync(1), vim, core(5); torch.save and
        the checkpoint writers of trainers write NAME.tmp first.
    """
    if storage.leftovers is None or not storage.leftovers:
        return NotMeasured("no folder was walked for leftovers")
    worst = max(storage.leftovers, key=lambda one: (one.size, one.folder in storage.workspace))
    size = worst.size / 2**30
    seen = f"{worst.files:,} leftover{'' if worst.files == 1 else 's'} of {size:.1f} GiB"
    age = f", the oldest {worst.oldest:.0f} days old" if worst.files else ""
    return Measurement(
        title=f"{seen} below {worst.folder}{age}" if worst.files else "No old leftovers found",
        values={"leftover_gib": size},
        evidence=(
            *(_told(one) for one in storage.leftovers[:4] if one.files),
            *(Evidence("cut_short", reason) for reason in storage.cut_short[:2]),
        ),
        # a repair works below the workspace alone
        path=storage.shown(worst.folder) if worst.folder in storage.workspace else None,
    )


def _told(one: Leftovers) -> Evidence:
    where = f"{one.folder}: {one.files:,} files" + (
        f", such as {one.largest}" if one.largest else ""
    )
    return Evidence("leftovers", one.size, "bytes", where)
