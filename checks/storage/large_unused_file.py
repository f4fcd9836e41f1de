"""STO008: large files that nobody touched for weeks take more than is free."""

from __future__ import annotations

from ml_debugger.artifacts import LargeFile, StorageSnapshot
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
    code="STO008",
    name="large-unused-file",
    component="infrastructure",
    playbook="disk-and-checkpoints",
    limits=(
        Limit(
            "unused_to_free",
            "times the free space",
            "above",
            "bytes of large files of the workspace that nobody read or wrote for weeks, on one"
            " volume, against what is free there",
            "choice: an archive on a volume with room is no fault; moving it away must at least"
            " double what is free",
            warn=1.0,
        ),
    ),
    settings=(
        Setting(
            "unused_days",
            "days",
            30,
            "time without reading and writing after which a file counts as unused",
            "the project's record: 'large files nobody read for weeks'; a retraining each month"
            " reads its data once in that time",
        ),
    ),
    profiles=("full",),
)
def large_unused_file(storage: StorageSnapshot, settings: Settings) -> Outcome:
    """Large files that nobody touched for weeks take more than is free.

    What it measures:
        Files of 1 GiB and more below the workspace that belong to this user and that nobody
        read or wrote for 30 days, added up by volume, against the free space there. Most
        volumes are mounted with relatime: then the time of reading is true to a day, which
        is enough here. With noatime reading is not recorded: such volumes are not judged.
        Python environments and repositories' own folders are left out.
    Why it matters:
        Old downloads, exports and checkpoints of given-up models are what fills the volume
        that the next checkpoint needs.
    What to do:
        Look at the list. Move what is still wanted to cheaper storage, remove the rest by
        hand: nothing here does it for you, as nobody but you knows what is wanted.
    Sources:
        mount(8) (relatime, noatime); the project's record.
    """
    if storage.large is None:
        return NotMeasured("no folder was walked for large files")
    files = {f: _volume_mount(f, storage) for f in storage.large}
    judged = [f for f in files if f.unread is not None]
    if storage.large and not judged:
        return NotMeasured("reading is not recorded here (noatime), so nobody knows what is unused")
    days = settings["unused_days"]
    unused = [f for f in judged if (f.unread or 0) > days and f.unwritten > days]
    ratios = {
        volume.mount: sum(f.size for f in unused if files[f] == volume.mount) / max(1, volume.free)
        for volume in storage.own
        if volume.free is not None
    }
    mount = max(ratios, key=lambda name: ratios[name], default=None)
    if mount is None:
        return NotMeasured("no volume of the workspace says how much is free")
    size = sum(f.size for f in unused if files[f] == mount)
    count = sum(files[f] == mount for f in unused)
    title = f"{count} large file{'' if count == 1 else 's'} of {size / 2**30:.0f} GiB on {mount}"
    return Measurement(
        title=f"{title} unused for {days:.0f} days" if unused else "No large unused file found",
        values={"unused_to_free": ratios[mount]},
        evidence=(
            *(
                Evidence("unused", f.size, "bytes", f"{f.file}, read {f.unread:.0f} days ago")
                for f in unused[:4]
            ),
            *(Evidence("cut_short", reason) for reason in storage.cut_short[:1]),
        ),
        path=storage.shown(unused[0].file) if unused else None,
    )


def _volume_mount(file: LargeFile, storage: StorageSnapshot) -> str | None:
    """The mount of the volume that holds the deepest folder above a file."""
    holders = [
        (len(path), volume.mount)
        for volume in storage.own
        for path in volume.holds
        if file.file.startswith(path.rstrip("/") + "/")
    ]
    return max(holders, default=(0, None), key=lambda pair: pair[0])[1]
