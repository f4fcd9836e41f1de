"""HST002: processes were killed because memory ran out."""

from __future__ import annotations

import re

from ml_debugger.artifacts import HostSnapshot, KernelEvent, KernelLog, LogText, Passage
from ml_debugger.contract import (
    Evidence,
    Limit,
    Measurement,
    NotMeasured,
    Outcome,
    Setting,
    Settings,
    check,
)
from ml_debugger.runs.log_end import LogEnd

_TRAINS = re.compile(
    r"python|pt_main_thread|pt_data_worker|torchrun|ray::|xgboost|lightgbm|ipykernel|jupyter|"
    r"Rscript|julia|accelerate|deepspeed",
    re.IGNORECASE,
)
_SAID = re.compile(
    r"oom[-_ ]kill|OOM ?Killed|Out of memory: Kill|OUT_OF_MEMORY|Out Of Memory|killed by the OOM"
)
_KILLED = re.compile(
    r"\bkilled\b(?!.*\bby (?:user|admin))|SIGKILL|signal:? 9\b|exit(?:ed)?(?: with)?(?: exit)? "
    r"(?:code|status)[ :=]+(?:137|-9)\b|exitcode\s*:\s*-9\b",
    re.IGNORECASE,
)
_WORKER = re.compile(r"DataLoader worker .*killed by signal: Killed")
_OTHERWISE = re.compile(r"CANCELLED|TIME LIMIT|PREEMPT|NODE FAIL|scancel|walltime", re.IGNORECASE)


@check(
    code="HST002",
    name="oom-killed",
    component="infrastructure",
    playbook="gpu-box",
    limits=(
        Limit(
            "kills",
            "kills",
            "above",
            "kills for memory that are told of in so many words: of a training process in the"
            " kernel log, or by a scheduler at the end of a log",
            "Linux kernel, mm/oom_kill.c: the process ends at once and saves nothing",
            fail=0,
        ),
        Limit(
            "likely_kills",
            "kills",
            "above",
            "kills counted by the control group, of other processes, of long ago, and logs that"
            " end with a kill of which nobody says why",
            "GNU Bash manual, exit status 137: killed by signal 9, which most often the kernel"
            " sends for memory",
            warn=0,
        ),
    ),
    settings=(
        Setting(
            "recent_days",
            "days",
            7,
            "age, against the end of a kernel log, up to which a kill counts in full",
            "a week of training: what is older and did not come again has most likely been"
            " dealt with",
        ),
    ),
    explained_by=("memory-near-limit",),
    profiles=("quick", "pre-train", "full"),
)
def oom_killed(subject: HostSnapshot | KernelLog | LogText, settings: Settings) -> Outcome:
    """Processes were killed because memory ran out.

    What it measures:
        On a machine, the kills that the control group counts since it exists, those of the
        container's and not of its neighbours. In a kernel log, the lines of the out-of-memory
        killer; the two or three lines of one kill count once. In a training's log, an end by a
        scheduler's "oom-kill" or "OOMKilled", and the bare "Killed", exit code 137 or signal 9.
        Those are called likely: `kill -9` by hand looks the same.
    Why it matters:
        The kernel ends the process without a traceback and without a checkpoint. The log just
        ends, and the same run will end there again.
    What to do:
        Compare what the process held (anon-rss in the kernel log) with the limit of the
        container. Fewer data-loader workers, 32-bit floats, streaming reads and
        `persistent_workers=False` save most. Where a worker was killed and the main process
        hangs, restart it from the last checkpoint.
    Sources:
        Linux kernel, mm/oom_kill.c and Documentation/admin-guide/cgroup-v2.rst (memory.events:
        oom_kill). leptonai/gpud, components/memory: `oom-kill:constraint=` and "Killed process".
        Slurm, sacct job state OUT_OF_MEMORY; Kubernetes, reason OOMKilled (exit code 137).
    """
    if isinstance(subject, KernelLog):
        return _of_kernel(subject, settings["recent_days"])
    if isinstance(subject, LogText):
        return _of_log(subject)
    return _of_host(subject)


def _of_host(host: HostSnapshot) -> Outcome:
    if host.oom_kills is None:
        return NotMeasured("no control group counts kills for memory here")
    evidence = [Evidence("group_kills", host.oom_kills, "kills", host.oom_source)]
    if host.machine_oom_kills is not None:
        evidence.append(Evidence("machine_kills", host.machine_oom_kills, "kills", "/proc/vmstat"))
    title = "No process of this control group was killed for memory"
    if host.oom_kills:
        word = "process" if host.oom_kills == 1 else "processes"
        title = f"{host.oom_kills:,} {word} killed for memory since the control group exists"
    return Measurement(title, {"kills": 0, "likely_kills": host.oom_kills}, tuple(evidence))


def _of_kernel(log: KernelLog, recent_days: float) -> Outcome:
    if log.problem is not None:
        return NotMeasured(f"kernel log {log.problem}")
    events = [event for event in log.events if event.kind == "oom-kill"]
    if not events:
        title = f"No kill for memory in {log.lines:,} lines of the kernel"
        return Measurement(title, {"kills": 0, "likely_kills": 0})
    full = [event for event in events if _counts(log, event, recent_days)]
    shown = sorted(events, key=lambda event: event not in full)
    kills = sum(event.count for event in full)
    others = sum(event.count for event in events) - kills
    first = shown[0]
    size = f" with {first.detail}" if first.detail else ""
    named = f"{first.process or 'A process of ' + (first.device or 'this machine')}{size}"
    more = f", {kills + others} kills in all" if kills + others > 1 else ""
    return Measurement(
        f"{named} was killed for memory{more}",
        {"kills": kills, "likely_kills": others},
        tuple(_evidence(event) for event in shown[:5]),
        line=first.line if log.path is not None else None,
    )


def _counts(log: KernelLog, event: KernelEvent, recent_days: float) -> bool:
    """Whether it is a training process, in this start of the machine and not long ago."""
    age = log.age(event)
    recent = event.restarts == 0 and (age is None or age <= recent_days)
    return recent and _TRAINS.search(event.process or "") is not None


def _evidence(event: KernelEvent) -> Evidence:
    parts = [event.process or "", event.detail or "", event.last or ""]
    where = f"line {event.line}" + (f", {event.device}" if event.device else "")
    return Evidence("killed", ", ".join(part for part in parts if part), None, where)


def _of_log(log: LogText) -> Outcome:
    if log.running:
        return NotMeasured("the process is running")
    if not log.lines:
        return NotMeasured("the log is empty")
    end = LogEnd(log)
    # what a person or a scheduler ended for another reason was no kill for memory
    other = any(_OTHERWISE.search(text) for p in end.ended_by() for text in p.lines)
    found = [*end.ended_by(), *end.having("doubtful")] if not other else []
    said = [p for p in found if p.kind == "end" and _SAID.search(p.lines[0])]
    likely = [p for p in found if _is_likely(p)] if not said else []
    values = {"kills": float(bool(said)), "likely_kills": float(bool(likely))}
    if not said and not likely:
        return Measurement(f"No kill for memory in {log.lines:,} lines", values)
    passage = (said or likely)[0]
    line = passage.last or passage.line
    told = next((t.strip() for t in passage.lines if _WORKER.search(t)), passage.lines[0].strip())
    title = "The run was killed for memory"
    if not said:
        title = "The run was killed, most likely because memory ran out"
        if _WORKER.search(told):
            title = "A data-loader worker was killed, most likely because memory ran out"
    return Measurement(
        title, values, (Evidence("message", told[:200], None, f"line {line}"),), line
    )


def _is_likely(passage: Passage) -> bool:
    if passage.kind == "end":
        return _KILLED.search(passage.lines[0]) is not None
    return any(_WORKER.search(text) for text in passage.lines)
