"""HST005: open files are close to a limit."""

from __future__ import annotations

from ml_debugger.artifacts import HostSnapshot
from ml_debugger.contract import Evidence, Limit, Measurement, NotMeasured, Outcome, check


@check(
    code="HST005",
    name="file-descriptors",
    component="infrastructure",
    playbook="gpu-box",
    limits=(
        Limit(
            "process_share",
            "percent",
            "above",
            "open files of the process that is nearest to its own soft limit",
            "leptonai/gpud components/os: 80 percent of the file handles is degraded, 95 is"
            " unhealthy; here for each process, because that limit comes first",
            warn=80,
            fail=95,
        ),
        Limit(
            "machine_share",
            "percent",
            "above",
            "open files of the whole machine, of the kernel's limit",
            "leptonai/gpud components/os: 80 and 95 percent; prometheus node-mixin: 70 and 90",
            warn=80,
            fail=95,
        ),
    ),
    profiles=("pre-train", "full"),
)
def file_descriptors(host: HostSnapshot) -> Outcome:
    """Open files are close to a limit.

    What it measures:
        The open files of each process of this user against the soft limit that this process
        has (RLIMIT_NOFILE), and the file handles of the machine against the kernel's limit.
    Why it matters:
        A process at its limit fails with "Too many open files" wherever it opens the next one:
        a checkpoint, a socket, a worker's queue. PyTorch hands tensors between processes as
        descriptors, so a leak there grows with every batch.
    What to do:
        Look what is open (`ls -l /proc/PID/fd`). A growing number is a leak: close files, keep
        no tensors of workers in lists, or use
        torch.multiprocessing.set_sharing_strategy("file_system"). Else raise the limit before
        the start (`ulimit -n`).
    Sources:
        getrlimit(2), proc_pid_fd(5), proc_sys_fs(5). leptonai/gpud components/os and
        prometheus/node_exporter docs/node-mixin, which look at the machine alone. PyTorch
        documentation, multiprocessing, sharing strategies.
    """
    known = host.processes
    if known is None:
        return NotMeasured("no process can be seen here")
    values: dict[str, float] = {}
    evidence = []
    titles = []
    if known.fullest is not None:
        one = known.fullest
        values["process_share"] = 100 * one.used / one.limit
        name = f"{one.name} ({one.pid})"
        titles.append(f"{name} has {one.used:,} of {one.limit:,} files open")
        evidence.append(Evidence("open_files", one.used, "files", f"{name}, limit {one.limit:,}"))
    if known.file_handles is not None and known.file_handle_limit:
        share = 100 * known.file_handles / known.file_handle_limit
        values["machine_share"] = share
        titles.append(f"the machine {share:.0f} % of its file handles")
        evidence.append(Evidence("file_handles", known.file_handles, "files", "/proc/sys/fs"))
    if not values:
        return NotMeasured("open files can be counted neither here nor on the machine")
    return Measurement(", ".join(titles), values, tuple(evidence))
