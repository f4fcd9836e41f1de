"""HST008: work stands still because memory is being exchanged with a disk."""

from __future__ import annotations

from ml_debugger.artifacts import HostSnapshot
from ml_debugger.contract import Evidence, Limit, Measurement, NotMeasured, Outcome, check


@check(
    code="HST008",
    name="swap-thrash",
    component="infrastructure",
    playbook="gpu-box",
    limits=(
        Limit(
            "stalled",
            "percent",
            "above",
            "time in which all work waited for memory, over the last 10 and the last 60 seconds",
            "systemd, oomd.conf DefaultMemoryPressureLimit: kills at 60 percent; Android lmkd,"
            " psi_partial_stall_ms: acts at 7 percent, rounded up here",
            warn=10,
            fail=60,
        ),
    ),
    explained_by=("memory-near-limit",),
    profiles=("quick", "pre-train", "full"),
)
def swap_thrash(host: HostSnapshot) -> Outcome:
    """Work stands still because memory is being exchanged with a disk.

    What it measures:
        The kernel's pressure stall information of memory: the share of the time in which all
        tasks of the own control group (else of the machine) waited for memory. It has to hold
        over the last 10 and the last 60 seconds. Swap that is merely in use is no fault:
        kernels put away what nobody touches.
    Why it matters:
        A training that swaps goes on, a hundred times slower, and nothing in its log says why.
        With file-backed tables the same happens without any swap: pages are thrown away and
        read again.
    What to do:
        See who holds memory (`ps aux --sort=-rss | head`). Fewer workers, smaller tables in
        memory, 32-bit floats; a swap file only delays the end. Free the memory before the
        kernel kills.
    Sources:
        Linux kernel, Documentation/accounting/psi.rst. systemd oomd.conf(5)
        (DefaultMemoryPressureLimit 60 percent). Android Open Source Project, low memory killer
        daemon (psi_partial_stall_ms 70 of each second). prometheus node-mixin looks at major
        page faults (over 500 a second) instead.
    """
    if host.pressure is None:
        used = f"; {host.swap.used / 2**30:.1f} GiB of swap in use" if host.swap else ""
        return NotMeasured(f"this kernel keeps no memory pressure{used}")
    pressure = host.pressure
    stalled = min(pressure.full_10, pressure.full_60)
    evidence = [
        Evidence("stalled_10", pressure.full_10, "percent", pressure.source),
        Evidence("stalled_60", pressure.full_60, "percent", pressure.source),
        Evidence("stalled_300", pressure.full_300, "percent", pressure.source),
    ]
    swap = host.swap
    if swap is not None and swap.total:
        evidence.append(Evidence("swap_used", swap.used, "bytes", f"of {swap.total:,} bytes"))
    if swap is not None and swap.major_faults is not None:
        evidence.append(Evidence("major_faults", round(swap.major_faults), "a second"))
    title = f"All work waits for memory {stalled:.0f} % of the time"
    if stalled < 1:
        title = "No work waits for memory"
    return Measurement(title, {"stalled": stalled}, tuple(evidence))
