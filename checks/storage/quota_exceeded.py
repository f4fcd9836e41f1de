"""STO003: a real write fails for want of space, though the volume shows space."""

from __future__ import annotations

from ml_debugger.artifacts import StorageSnapshot
from ml_debugger.contract import Evidence, Limit, Measurement, NotMeasured, Outcome, check


@check(
    code="STO003",
    name="quota-exceeded",
    component="infrastructure",
    playbook="disk-and-checkpoints",
    limits=(
        Limit(
            "refused_writes",
            "volumes",
            "above",
            "volumes with free space on which a small write is refused for want of space",
            "comfyanonymous/ComfyUI issue 8932: 'Disk quota exceeded' on a pod whose volume"
            " showed free space, so one is enough",
            fail=0,
        ),
    ),
    explained_by=("inodes-near-full",),
    profiles=("pre-train", "full"),
)
def quota_exceeded(storage: StorageSnapshot) -> Outcome:
    """A real write fails for want of space, though the volume shows space.

    What it measures:
        A write of 4 MB with fsync, into a file without a name in the workspace and in the
        temporary folder, that leaves nothing behind. It counts where the answer is "no
        space" or "quota exceeded" while the volume shows 64 MB or more, and inodes, free.
        No write is tried on other volumes, nor where less is free.
    Why it matters:
        `df` shows the volume, not what one user or pod may take of it. The training finds
        out at its first checkpoint.
    What to do:
        Ask the owner of the volume for the quota (`quota -s`, `lfs quota`, the provider's
        page of the volume), remove what is not needed, or have it enlarged.
    Sources:
        comfyanonymous/ComfyUI issue 8932; write(2) (EDQUOT, ENOSPC); docs.runpod.io, "Storage
        options"; leptonai/gpud components/nfs also writes a file to know.
    """
    tried = [v for v in storage.own if v.write in ("done", "no space", "quota")]
    if not tried:
        reasons = [f"{v.mount}: {v.write_problem}" for v in storage.own if v.write_problem]
        return NotMeasured(reasons[0] if reasons else "no write was tried on any volume")
    refused = [v for v in tried if v.write != "done" and v.inodes_free != 0]
    evidence = [
        Evidence("write_said", v.write_problem, None, f"{v.mount}, {v.free or 0:,} bytes free")
        for v in refused[:4]
    ]
    evidence += [
        Evidence("wrote", v.write_bytes, "bytes", v.mount) for v in tried if v not in refused
    ][:4]
    if refused:
        first = refused[0]
        free = (first.free or 0) / 2**30
        title = f"{first.mount} refuses a small write, though {free:.1f} GiB look free"
    else:
        title = f"A real write went through on {', '.join(v.mount for v in tried[:3])}"
    return Measurement(title, {"refused_writes": len(refused)}, tuple(evidence))
