"""HST009: limits or text settings that break training jobs."""

from __future__ import annotations

from ml_debugger.artifacts import HostSnapshot
from ml_debugger.contract import Evidence, Limit, Measurement, NotMeasured, Outcome, check


@check(
    code="HST009",
    name="ulimit-or-locale",
    component="infrastructure",
    playbook="gpu-box",
    limits=(
        Limit(
            "open_files",
            "files",
            "below",
            "hard limit of open files: the most that a program can take",
            "Linux kernel, INR_OPEN_MAX: 4096 is the hard limit of a kernel without settings",
            warn=4096,
        ),
        Limit(
            "task_share",
            "percent",
            "above",
            "processes and threads, of the smallest limit that holds",
            "leptonai/gpud components/os: 80 percent of a limit is degraded, 95 is unhealthy",
            warn=80,
            fail=95,
        ),
        Limit(
            "locked_memory",
            "MiB",
            "below",
            "memory that may be locked, where several GPUs and RDMA devices are at hand",
            "NVIDIA NCCL user guide, troubleshooting: RDMA needs the limit unlimited; 64 MiB is"
            " what one process registers at its start",
            warn=64,
        ),
        Limit(
            "other_encoding",
            "encodings",
            "above",
            "encodings of output and file names that are not UTF-8",
            "PEP 686: UTF-8 is the encoding of text; others raise UnicodeEncodeError",
            warn=0,
        ),
    ),
    profiles=("pre-train", "full"),
)
def ulimit_or_locale(host: HostSnapshot) -> Outcome:
    """Limits or text settings that break training jobs.

    What it measures:
        The hard limit of open files (the common soft limit of 1024 is no fault, programs raise
        it), the processes and threads against the smallest limit that holds (the container's
        pids.max, the user's limit, the kernel's), locked memory where RDMA is used, and the
        encodings that Python takes under the variables that are set. LANG=POSIX alone is no
        fault: Python takes UTF-8 for it from 3.7 on.
    Why it matters:
        "Too many open files", "can't start new thread" and "Resource temporarily unavailable"
        come when the workers start, hours after the job did. A log with a special character
        ends a run whose output can only hold ASCII.
    What to do:
        Raise the limits before the start: `ulimit -n`, `--ulimit nofile=65536`,
        `--pids-limit`, `--ulimit memlock=-1`. Fewer threads for each worker
        (OMP_NUM_THREADS=1) help with the number of threads. Set LANG=C.UTF-8 and unset
        PYTHONIOENCODING.
    Sources:
        getrlimit(2); Linux kernel, include/uapi/linux/fs.h (INR_OPEN_MAX) and
        Documentation/admin-guide/cgroup-v2.rst (pids.max). NVIDIA NCCL user guide. PEP 538,
        PEP 540 and PEP 686.
    """
    limits, text, known = host.limits, host.text, host.processes
    values: dict[str, float] = {}
    evidence = []
    troubles = []
    if limits is not None:
        values["open_files"] = float("inf")
        if limits.open_files_hard is not None:
            values["open_files"] = limits.open_files_hard
            evidence.append(Evidence("open_files_hard", limits.open_files_hard, "files"))
        if values["open_files"] < 4096:
            troubles.append(f"at most {values['open_files']:.0f} open files")
        if host.rdma and (host.gpus or 0) > 1:
            locked = limits.locked_memory
            values["locked_memory"] = float("inf") if locked is None else locked / 2**20
            evidence.append(Evidence("locked_memory", locked, "bytes"))
    if known is not None and known.tasks is not None and known.task_limit:
        values["task_share"] = 100 * known.tasks / known.task_limit
        where = known.limit_source
        evidence.append(Evidence("tasks", known.tasks, f"of {known.task_limit:,}", where))
        if values["task_share"] > 50:
            troubles.append(f"{known.tasks:,} of {known.task_limit:,} processes and threads")
    if text is not None:
        other = [e for e in (text.output_encoding, text.file_name_encoding) if not _is_utf8(e)]
        values["other_encoding"] = len(other)
        if other:
            evidence.append(Evidence("encoding", other[0], None, text.locale))
            troubles.append(f"text is written as {other[0]}")
    if not values:
        return NotMeasured("neither limits nor text settings are known here")
    title = ", ".join(troubles) or "Limits and text settings leave room for a training"
    return Measurement(title[:1].upper() + title[1:], values, tuple(evidence))


def _is_utf8(encoding: str) -> bool:
    return encoding.lower().replace("_", "-") in ("utf-8", "utf8")
