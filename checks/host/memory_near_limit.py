"""HST001: memory is close to the limit at which the kernel kills."""

from __future__ import annotations

from ml_debugger.artifacts import HostSnapshot
from ml_debugger.contract import Evidence, Limit, Measurement, NotMeasured, Outcome, check


@check(
    code="HST001",
    name="memory-near-limit",
    component="infrastructure",
    playbook="gpu-box",
    limits=(
        Limit(
            "used_share",
            "percent",
            "above",
            "memory in use that the kernel cannot drop, of the limit that holds here",
            "prometheus node-mixin: above 90 percent; earlyoom: ends processes at 10 percent"
            " available and kills at 5",
            warn=90,
            fail=95,
        ),
    ),
    profiles=("quick", "pre-train", "full"),
)
def memory_near_limit(host: HostSnapshot) -> Outcome:
    """Memory is close to the limit at which the kernel kills.

    What it measures:
        Memory in use against the smallest limit of the container and the groups above it,
        page cache that the kernel can drop left out. Without a limit: what the whole machine
        has not available.
    Why it matters:
        Ordinary tools show the whole machine: 754 GiB where the container may use 90. The
        kernel kills by the container's limit, without a traceback, and the log just ends.
    What to do:
        See which processes hold it (`ps aux --sort=-rss | head`). Fewer data-loader workers,
        32-bit floats and streaming reads of tables save most. Otherwise raise the limit.
    Sources:
        Linux kernel, Documentation/admin-guide/cgroup-v2.rst (memory.max, inactive_file);
        prometheus/node_exporter docs/node-mixin (90 percent); rfjakob/earlyoom defaults (10
        and 5 percent available); comfyanonymous/ComfyUI issue 15788 and giampaolo/psutil
        issue 2100: a limit of 90 GiB on a host of 754 GiB that psutil does not show.
    """
    limit = host.memory_limit if host.memory_limit is not None else host.host_memory_total
    if limit <= 0:
        return NotMeasured("the memory of this machine is not known")
    used = host.memory_used
    if host.memory_limit is None:
        used = host.host_memory_total - host.host_memory_available
    share = 100 * used / limit
    owner = "container's limit" if host.memory_limit is not None else "machine's memory"
    return Measurement(
        title=f"{used / 2**30:.1f} of {limit / 2**30:.1f} GiB in use: {share:.0f} % of the {owner}",
        values={"used_share": share},
        evidence=(
            Evidence("used", used, "bytes"),
            Evidence("limit", limit, "bytes", host.limit_source or "whole machine"),
            Evidence("host_total", host.host_memory_total, "bytes"),
        ),
    )
