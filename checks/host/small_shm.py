"""HST003: /dev/shm is too small for data-loader workers, or nearly full."""

from __future__ import annotations

from ml_debugger.artifacts import HostSnapshot
from ml_debugger.contract import Evidence, Limit, Measurement, NotMeasured, Outcome, check


@check(
    code="HST003",
    name="small-shm",
    component="infrastructure",
    playbook="gpu-box",
    limits=(
        Limit(
            "size",
            "MiB",
            "below",
            "size of /dev/shm where a GPU is at hand",
            "NVIDIA's container images print a note at Docker's default of 64 MB and recommend"
            " --shm-size=1g or --ipc=host",
            warn=1024,
        ),
        Limit(
            "used_share",
            "percent",
            "above",
            "share of /dev/shm in use",
            "prometheus node-mixin: less than 5 percent of a volume free warns, less than 3 is"
            " critical; a full /dev/shm ends its user with SIGBUS",
            warn=95,
            fail=97,
        ),
    ),
    profiles=("quick", "pre-train", "full"),
)
def small_shm(host: HostSnapshot) -> Outcome:
    """/dev/shm is too small for data-loader workers, or nearly full.

    What it measures:
        The size of /dev/shm, and how much of it is in use. The size is only judged where a GPU
        is at hand, because a workload without data-loader workers and NCCL needs none of it: a
        CI container with Docker's 64 MB is sound.
    Why it matters:
        PyTorch's data-loader workers hand batches over through shared memory, and NCCL its
        buffers. When it is full they die with "Bus error", often after hours, with the batch
        that happened to be larger.
    What to do:
        Start the container with `--ipc=host` or `--shm-size=8g`; in Kubernetes mount an
        emptyDir with medium Memory at /dev/shm. Without that: num_workers=0, or
        torch.multiprocessing.set_sharing_strategy("file_system"). Files that dead processes
        left there (torch_*, psm_*, nccl-*) may be removed when no process holds them.
    Sources:
        PyTorch README, section Docker image (shared memory); NVIDIA container images, entry
        script (64 MB); NVIDIA NCCL user guide, troubleshooting, shared memory; Docker
        documentation, `docker run --shm-size` (default 64 MB).
    """
    if host.shm_size is None or host.shm_used is None:
        return NotMeasured("there is no /dev/shm here")
    if host.shm_size == 0:
        return NotMeasured("/dev/shm does not say its size")
    size, share = host.shm_size / 2**20, 100 * host.shm_used / host.shm_size
    values = {"used_share": share}
    if host.gpus:
        values["size"] = size
    words = f"{size / 1024:.1f} GiB" if size >= 1024 else f"{size:.0f} MiB"
    unjudged = "" if host.gpus else "; no GPU here that needs it"
    return Measurement(
        title=f"/dev/shm has {words}, {share:.0f} % in use{unjudged}",
        values=values,
        evidence=(
            Evidence("shm_size", host.shm_size, "bytes", "/dev/shm"),
            Evidence("shm_used", host.shm_used, "bytes", "/dev/shm"),
            Evidence("gpus", host.gpus, "device files"),
        ),
    )
