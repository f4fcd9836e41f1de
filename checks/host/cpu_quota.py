"""HST004: a CPU quota stops the processes for a good part of the time."""

from __future__ import annotations

from ml_debugger.artifacts import HostSnapshot
from ml_debugger.contract import Evidence, Limit, Measurement, NotMeasured, Outcome, check


@check(
    code="HST004",
    name="cpu-quota",
    component="infrastructure",
    playbook="gpu-box",
    limits=(
        Limit(
            "stopped_share",
            "percent",
            "above",
            "time for which the quota stopped the control group, of the time that it exists",
            "a tenth of all time; the share of throttled periods (kubernetes-mixin, over 25"
            " percent) accuses idle services with short bursts, so it is evidence only",
            warn=10,
        ),
    ),
    profiles=("pre-train", "full"),
)
def cpu_quota(host: HostSnapshot) -> Outcome:
    """A CPU quota stops the processes for a good part of the time.

    What it measures:
        The quota of the container and of the groups above it against the CPUs that programs
        see, and the time for which the kernel stopped the group because the quota was used up.
        A small quota on a large host is no fault by itself; being stopped is.
    Why it matters:
        os.cpu_count(), OpenMP and most thread pools start a thread for each CPU of the host. On
        128 CPUs with a quota for 4, the threads use up the quota in a few milliseconds and
        stand still for the rest of each period. Loading gets slower the more workers there are.
    What to do:
        Set OMP_NUM_THREADS, POLARS_MAX_THREADS and torch.set_num_threads to the quota, and the
        number of data-loader workers to at most the quota. XGBoost and LightGBM: nthread. Or
        take the quota away.
    Sources:
        Linux kernel, Documentation/scheduler/sched-bwc.rst and cgroup-v2.rst (cpu.max,
        cpu.stat). kubernetes-monitoring/kubernetes-mixin, CPUThrottlingHigh. CPython issue
        36054: os.cpu_count() knows no quota.
    """
    seen = host.host_cpus or host.cpus
    if host.cpu_quota is None or host.cpu_quota >= host.cpus:
        bound = f"{host.cpus} of {seen}" if host.cpus < seen else f"All {seen}"
        return Measurement(
            title=f"{bound} CPUs may be used, no quota below that",
            values={"stopped_share": 0},
            evidence=(Evidence("cpus", host.cpus, "CPUs"),),
        )
    told = f"Quota of {host.cpu_quota:g} CPUs of {seen} visible ones"
    spent = host.throttling
    if spent is None or not spent.age:
        return NotMeasured(f"{told}; the kernel does not say how long it stopped anybody")
    share = 100 * spent.seconds / spent.age
    return Measurement(
        title=f"{told}: stopped for {share:.1f} % of the time",
        values={"stopped_share": share},
        evidence=(
            Evidence("quota", host.cpu_quota, "CPUs"),
            Evidence("visible", seen, "CPUs"),
            Evidence(
                "throttled_periods",
                round(100 * spent.throttled / max(1, spent.periods), 1),
                "percent",
                spent.source,
            ),
            Evidence("stopped", round(spent.seconds, 1), "seconds", spent.source),
        ),
    )
