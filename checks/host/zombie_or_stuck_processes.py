"""HST006: processes that cannot end: stuck in the kernel, or dead and not collected."""

from __future__ import annotations

from ml_debugger.artifacts import HostSnapshot
from ml_debugger.artifacts.host import ProcessState
from ml_debugger.contract import Evidence, Limit, Measurement, NotMeasured, Outcome, check


@check(
    code="HST006",
    name="zombie-or-stuck-processes",
    component="infrastructure",
    playbook="gpu-box",
    limits=(
        Limit(
            "longest_stuck",
            "seconds",
            "above",
            "time for which a process has waited in the kernel without running",
            "Linux kernel, hung_task_timeout_secs (120); facebookresearch/gcm check_dstate (300)",
            warn=120,
            fail=300,
        ),
        Limit(
            "zombie_share",
            "percent",
            "above",
            "dead processes that nobody collected, of the processes that may exist here",
            "leptonai/gpud components/os: 20 percent of the limit is degraded, 80 is unhealthy",
            warn=20,
            fail=80,
        ),
    ),
    explained_by=("stale-mount", "gpu-lost", "driver-unreachable", "read-only-mount"),
    profiles=("pre-train", "full"),
)
def zombie_or_stuck_processes(host: HostSnapshot) -> Outcome:
    """Processes that cannot end: stuck in the kernel, or dead and not collected.

    What it measures:
        Processes that were in uninterruptible sleep in two readings and did not run in
        between, and how long ago they ran last by the scheduler's own record. Where the kernel
        keeps none, they are named and not judged. Threads of the kernel and frozen processes
        are left out. Zombies are counted against the number of processes that may exist: a few
        are ordinary in a container without an init process.
    Why it matters:
        A process that waits in a driver or a dead mount cannot be killed, and its GPU memory
        stays taken. Zombies fill the table of processes until no worker can start.
    What to do:
        Stuck: see what it waits for (`cat /proc/PID/stack`, `wchan`). A mount: bring the server
        back or unmount it lazily (`umount -l`). The GPU driver: read the kernel log; only a
        restart frees it. Do not send SIGKILL again and again. Zombies: end or repair their
        parent, which is named; start containers with `--init`.
    Sources:
        proc_pid_stat(5), proc_pid_sched(5). Linux kernel, Documentation/admin-guide/sysctl/
        kernel.rst (hung_task_timeout_secs). facebookresearch/gcm check_dstate; leptonai/gpud
        components/os. NVIDIA/gpu-monitoring-tools issue 46: a hung driver leaves its clients in
        uninterruptible sleep.
    """
    known = host.processes
    if known is None:
        return NotMeasured("no process can be seen here")
    timed = [one for one in known.stuck if one.seconds is not None]
    if known.stuck and not timed:
        return NotMeasured(f"{_names(known.stuck)} waits in the kernel, nobody knows how long")
    values = {"longest_stuck": max((one.seconds or 0.0 for one in timed), default=0.0)}
    if known.task_limit:
        values["zombie_share"] = 100 * known.zombies / known.task_limit
    evidence = [_stuck(one) for one in known.stuck[:3]]
    evidence += [_zombie(one) for one in known.collected_late[:2]]
    if not known.complete:
        evidence.append(Evidence("processes_looked_at", known.seen, "processes, not all"))
    parts = []
    if known.stuck:
        longest = f"{values['longest_stuck']:,.0f} s"
        parts.append(f"{_names(known.stuck)} waiting in the kernel for {longest}")
    if known.zombies:
        word = "zombie" if known.zombies == 1 else "zombies"
        most = f"; {known.task_limit:,} processes may exist" if known.task_limit else ""
        parts.append(f"{known.zombies:,} {word}{most}")
    title = "; ".join(parts) or f"None of {known.seen:,} processes is stuck or a zombie"
    return Measurement(title, values, tuple(evidence))


def _names(stuck: tuple[ProcessState, ...]) -> str:
    first = f"{stuck[0].name} ({stuck[0].pid})"
    return first if len(stuck) == 1 else f"{first} and {len(stuck) - 1} more"


def _stuck(one: ProcessState) -> Evidence:
    seconds = None if one.seconds is None else round(one.seconds)
    waiting = f", waits in {one.waiting}" if one.waiting else ""
    return Evidence("stuck", seconds, "seconds", f"{one.name} ({one.pid}){waiting}")


def _zombie(one: ProcessState) -> Evidence:
    held = f", {one.threads} threads still there" if one.threads > 1 else ""
    parent = f", parent {one.parent}" if one.parent else ""
    return Evidence(
        "zombie", f"{one.name} ({one.pid})", None, f"{held}{parent}".strip(", ") or None
    )
