"""STO005: a mount does not answer."""

from __future__ import annotations

from ml_debugger.artifacts import StorageSnapshot, Volume
from ml_debugger.contract import Evidence, Limit, Measurement, NotMeasured, Outcome, check

_DEAD = frozenset(
    {"ETIMEDOUT", "ESTALE", "ENOTCONN", "EHOSTDOWN", "EHOSTUNREACH", "EIO", "ECONNABORTED"}
)
"""No answer in time; stale handle of NFS; a FUSE server that is gone; a server or disk that is."""


@check(
    code="STO005",
    name="stale-mount",
    component="infrastructure",
    playbook="disk-and-checkpoints",
    limits=(
        Limit(
            "silent_volumes",
            "volumes",
            "above",
            "volumes of the workspace, the temporary folder or the home that do not answer",
            "prometheus/node_exporter collector/filesystem_linux.go: a mount that does not answer"
            " in 5 seconds is stuck",
            fail=0,
        ),
        Limit(
            "silent_mounts",
            "mounts",
            "above",
            "other network mounts that do not answer",
            "they hang every process that lists all mounts, such as df, but hold nothing of ours",
            warn=0,
        ),
    ),
    profiles=("quick", "pre-train", "full"),
)
def stale_mount(storage: StorageSnapshot) -> Outcome:
    """A mount does not answer.

    What it measures:
        Each volume that the workspace, the temporary folder and the home lie on is asked for
        its free space, with five seconds for the answer, and so is every other network
        mount. Errors that a dead server or a dead FUSE process leaves count as no answer.
    Why it matters:
        A process that touches a dead mount cannot be ended, not even by SIGKILL; trainings
        and their data loaders stop without a word.
    What to do:
        Compare with `mount` and the server's state. `umount -l` frees the place, then mount
        it anew. Processes in state D need the server back or a restart of the machine.
    Sources:
        prometheus/node_exporter collector/filesystem_linux.go (5 s); leptonai/gpud
        components/nfs (5 s); errno(3) and nfs(5) for ESTALE; fuse(4) for ENOTCONN.
    """
    if not storage.volumes:
        return NotMeasured("no volume was asked")
    own = [v for v in storage.own if _is_dead(v)]
    others = [v for v in storage.volumes if not v.holds and _is_dead(v)]
    dead = [*own, *others]
    if dead:
        first = dead[0]
        title = f"{first.mount} ({first.kind}) does not answer: {first.problem}"
    else:
        many = len(storage.volumes)
        title = f"All {many} volumes and mounts answer" if many > 1 else "The volume answers"
    return Measurement(
        title,
        {"silent_volumes": len(own), "silent_mounts": len(others)},
        tuple(
            Evidence("problem", v.problem, None, f"{v.mount} on {v.device}, {v.kind}")
            for v in dead[:5]
        ),
    )


def _is_dead(volume: Volume) -> bool:
    silent = volume.error is None and (volume.problem or "").startswith("no answer")
    return silent or (volume.problem is not None and volume.error in _DEAD)
