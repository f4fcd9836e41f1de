"""STO004: a folder that must be written lies on a file system that is read-only."""

from __future__ import annotations

from ml_debugger.artifacts import StorageSnapshot
from ml_debugger.contract import Evidence, Limit, Measurement, NotMeasured, Outcome, check


@check(
    code="STO004",
    name="read-only-mount",
    component="infrastructure",
    playbook="disk-and-checkpoints",
    limits=(
        Limit(
            "turned_read_only",
            "volumes",
            "above",
            "volumes mounted for writing whose file system the kernel made read-only",
            "ext4(5), errors=remount-ro: so a kernel leaves a file system in which it met errors",
            fail=0,
        ),
        Limit(
            "read_only_folders",
            "folders",
            "above",
            "the workspace's root and the temporary folder where they cannot be written",
            "a training writes logs and checkpoints below its root; a root that is read-only on"
            " purpose is possible, hence a warning",
            warn=0,
        ),
    ),
    profiles=("quick", "pre-train", "full"),
)
def read_only_mount(storage: StorageSnapshot) -> Outcome:
    """A folder that must be written lies on a file system that is read-only.

    What it measures:
        Whether the root of the workspace and the folder for temporary files lie on file
        systems that may be written to. Apart from that, on all volumes that were asked
        about, whether the kernel has turned a file system read-only: then the mount allows
        writing and the file system below it does not. Other folders of the workspace may be
        read-only: data often are.
    Why it matters:
        A file system that turned read-only has met errors of its disk. Everything that is
        written fails, and what was written last may be lost.
    What to do:
        `dmesg | grep -i -E "remount|I/O error"` shows the cause. Save what can be read, then
        have the volume checked (`fsck`) or replaced. Where the mount is read-only on
        purpose, work in a folder on another volume.
    Sources:
        ext4(5); proc_pid_mountinfo(5) (options of the mount and of the file system);
        leptonai/gpud components/disk: "Remounting filesystem read-only" in the kernel's log.
    """
    known = [v for v in storage.own if v.writable is not None]
    if not known:
        return NotMeasured("no volume says whether it may be written to")
    turned = [v for v in known if v.turned_read_only and v.writable is False]
    must = {*storage.workspace[:1], *storage.temporary}
    folders = [(f, v) for v in known if v.writable is False for f in v.holds if f in must]
    evidence = [
        *(Evidence("turned_read_only", v.device, None, v.mount) for v in turned[:3]),
        *(
            Evidence("read_only_folder", f, None, f"on {v.mount} ({v.kind})")
            for f, v in folders[:3]
        ),
    ]
    if turned:
        title = f"The kernel made {turned[0].mount} ({turned[0].device}) read-only"
    elif folders:
        title = f"{folders[0][0]} cannot be written: {folders[0][1].mount} is read-only"
    else:
        title = f"What must be written lies on writable volumes ({len(known)} looked at)"
    return Measurement(
        title,
        {"turned_read_only": len(turned), "read_only_folders": len(folders)},
        tuple(evidence),
    )
