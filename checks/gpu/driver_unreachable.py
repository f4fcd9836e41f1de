"""GPU003: there are signs of an NVIDIA GPU, but its driver does not answer."""

from __future__ import annotations

from ml_debugger.artifacts import GpuSnapshot
from ml_debugger.contract import Evidence, Limit, Measurement, NotMeasured, Outcome, check


@check(
    code="GPU003",
    name="driver-unreachable",
    component="infrastructure",
    playbook="gpu-box",
    limits=(
        Limit(
            "unreachable",
            "drivers",
            "above",
            "drivers that are there by their signs and do not answer",
            "a driver that does not answer runs no kernel",
            fail=0,
        ),
    ),
    profiles=("quick", "pre-train", "full"),
)
def driver_unreachable(snapshot: GpuSnapshot) -> Outcome:
    """There are signs of an NVIDIA GPU, but its driver does not answer.

    What it measures:
        Whether NVML could be opened and named its cards. Signs of a card are device files,
        /proc/driver/nvidia, a PCI device of NVIDIA's and the driver's library. With no sign
        at all this is a machine without a GPU, which is reported as not looked at.
    Why it matters:
        A missing library, a driver that was updated under a running kernel ("Driver/library
        version mismatch") and a card that hangs all look like silence. Tools that take
        silence for health let a training start on the CPU.
    What to do:
        Run `nvidia-smi` in a second terminal and read its message. Mismatch: restart the
        machine, or reload the kernel modules when nothing uses them. Library missing in a
        container: start it with the NVIDIA runtime (`--gpus all`). No answer: look for Xid
        in the kernel log, and do not kill processes that wait for the driver.
    Sources:
        NVML API reference, return codes (library not found, driver not loaded, version
        mismatch). leptonai/gpud reports a missing NVML as healthy; wookayin/gpustat issue 147:
        a mismatch printed nothing. NVIDIA/gpu-monitoring-tools issue 46: a hung driver leaves
        its clients unkillable.
    """
    if snapshot.state == "absent":
        return NotMeasured("no sign of an NVIDIA GPU on this machine")
    signs = tuple(Evidence("sign", sign) for sign in snapshot.signs[:3])
    if snapshot.state == "unreachable":
        detail = snapshot.detail or "no message"
        return Measurement(
            title=f"The NVIDIA driver does not answer: {detail}"[:120],
            values={"unreachable": 1},
            evidence=(Evidence("driver_message", detail), *signs),
        )
    version = snapshot.driver_version or "of unknown version"
    return Measurement(
        title=f"Driver {version} answers and names {len(snapshot.devices)} GPUs",
        values={"unreachable": 0},
        evidence=signs,
    )
