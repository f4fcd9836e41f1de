"""STO006: results lie where they are lost when the pod or container goes."""

from __future__ import annotations

from ml_debugger.artifacts import StorageSnapshot
from ml_debugger.contract import Evidence, Limit, Measurement, NotMeasured, Outcome, check


@check(
    code="STO006",
    name="ephemeral-location",
    component="infrastructure",
    playbook="disk-and-checkpoints",
    limits=(
        Limit(
            "lost_places",
            "places",
            "above",
            "folders of the workspace on volumes that are lost with the pod or container",
            "docs.runpod.io, 'Storage options': the container disk is lost when a pod stops",
            warn=0,
        ),
    ),
    profiles=("pre-train", "full"),
)
def ephemeral_location(storage: StorageSnapshot) -> Outcome:
    """Results lie where they are lost when the pod or container goes.

    What it measures:
        The kind of the mount that each folder of the workspace lies on, together with what
        mounts and environment variables say about the service: a container's own layer,
        memory (tmpfs), an emptyDir of Kubernetes, Colab's machine and AWS instance stores
        are lost; volumes, network file systems and disks of a machine stay. Where nothing
        tells, nothing is claimed. On a machine of a CI job nothing is meant to stay.
    Why it matters:
        A night of training is gone with a pod that is stopped to save money.
    What to do:
        Keep runs, checkpoints and data on a volume: on RunPod below /workspace (a pod made
        with a volume) or /runpod-volume (serverless), in Kubernetes on a persistent volume
        claim, with Docker on a bind mount or a named volume. Or copy them away at the end
        of each run.
    Sources:
        docs.runpod.io, "Storage options"; Kubernetes documentation, "Volumes" (emptyDir);
        Docker documentation, "Storage drivers" (the container layer); Google Colab FAQ;
        AWS EC2 user guide, "Instance store"; docs.vast.ai, "Storage".
    """
    if storage.passing is not None:
        return NotMeasured(f"this is the machine of {storage.passing}: nothing is meant to stay")
    places = [(p, v) for v in storage.own for p in v.holds if p in storage.workspace]
    known = [(p, v) for p, v in places if v.fate is not None]
    if not known:
        reasons = [f"{p}: {v.fate_reason}" for p, v in places if v.fate_reason]
        return NotMeasured(reasons[0] if reasons else "no folder of the workspace was looked at")
    lost = [(p, v) for p, v in known if v.fate == "lost"]
    stays = sorted({v.mount for v in storage.own if v.fate == "kept" and v.writable})
    path, volume = (lost or known)[0]
    evidence = [
        Evidence(str(v.fate), v.fate_reason, None, f"{p} on {v.mount}") for p, v in lost[:3]
    ]
    if not lost:
        evidence = [
            Evidence("kept", v.fate_reason, None, f"{p} on {v.mount}") for p, v in known[:3]
        ]
    elif stays:
        evidence.append(Evidence("would_stay_on", ", ".join(stays[:3])))
    return Measurement(
        title=f"{path}: {volume.fate_reason}",
        values={"lost_places": len(lost)},
        evidence=tuple(evidence),
    )
