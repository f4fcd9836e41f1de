"""Which lines of a log speak of trouble: of loggers, libraries, shells and schedulers."""

from __future__ import annotations

import re

from ml_debugger.readers.training.terminal import plain

MAX_TEXT = 600

WORDS = (
    "rror", "ERR", "raceback", "CRIT", "FATAL", "atal", "xception", "EXCEPTION", "illed", "KILL",
    "rminat", "CANC", "oom", "OOM", "of memory", "tion fault", "bort", "ignal", "SIG", "exit",
    "space left", "uota ex", "STATUS_", "EXHAUSTED", "imed out", "imeout", "NCCL", "anicked",
    "TERM", "nterrupt", "closed by", "bad_alloc", "^C",
)  # fmt: skip
"""One of these stands in every line that can be of interest. Searches for plain substrings: a
regular expression over whole pieces takes longer."""

METRIC = re.compile(
    r"rrors?[\w/@]{0,20}['\")\]]{0,2}(?: rate)?\s{0,12}[:=|]?\s{0,12}-?(?:\d*\.\d|nan|\d+%)"
)
"""What follows "e" where an error is a metric: `val_error: 0.1`, `error rate 0.03`."""

_LEVEL = re.compile(
    r"(?:^|[\s\[\]|(<:;,/-])(?P<level>ERROR|CRITICAL|FATAL|EMERGENCY|(?<=\[)Fatal(?=\]))(?=$|[\]|"
    r":>),]|\s(?!RATE|COUNT|"
    r"METRIC|BARS?\b|VALUE|ANALYSIS|BOUND))"
)
_GLOG = re.compile(r"^(?:\[?rank\s?\d+\]?:?\s*)?\[?[EF](?:\d{3,4} \d\d:\d\d:\d\d| \w+\.cpp:\d+)")
_RAISED = re.compile(
    r"^\W{0,6}(?:[A-Za-z_]\w*(?:\.|::)){0,8}[A-Za-z_]*(?:Error|Exception)\b(?:\[\w+\])?: ?\S"
)
_SAID = re.compile(
    r"^\W{0,6}(?:\S{1,80}\.\w{1,6}: |fatal |internal )?(?:error|fatal|panic)\b(?:\[\w+\])?: ?\S",
    re.I,
)
_SPECIFIC = re.compile(
    r"CUDA out of memory|CUDA error|HIP out of memory|HIP error|CUDA driver error|"
    r"cudaErrorMemoryAllocation|cudaErrorLaunchFailure|"
    r"OOM when allocating|RESOURCE_EXHAUSTED|CU(?:BLAS|DNN)_STATUS_\w*(?:ALLOC_FAILED|ERROR)|"
    r"std::bad_alloc|Out of memory allocating|ran out of memory|No space left on device|"
    r"[Qq]uota exceeded|collective operation timeout|ncclRemoteError|ncclSystemError|"
    r"ncclInternalError|ncclUnhandledCudaError|NCCL error|Connection closed by (?:remote )?peer|"
    r"Timed out waiting|Some NCCL operations have failed or timed out"
)
_SHELL = re.compile(
    r"^(?:\S*(?:sh|script|\.bash|\.slurm|\.sbatch): |zsh: )?(?:line \d+: +)?(?:\[?\d+\]? *[+-]? *)?"
    r"(?P<how>[Kk]illed|Terminated|Aborted|[Aa]bort|[Ss]egmentation fault|Bus error|Stopped|"
    r"Illegal instruction|Floating point exception|Hangup)(?:: \d+)?"
    r"(?: +\(core dumped\))?(?P<command> {2,}\S.*)?\s*$"
)
_SCHEDULER = re.compile(
    r"^timeout: sending signal |^\^C\s*$|slurmstepd\S*: error: |^srun: (?:error: |"
    r"Job step aborted|Force Terminated|Terminating)|"
    r"\*\*\* (?:JOB|STEP) \S+ .*CANCELLED|DUE TO (?:TIME LIMIT|PREEMPTION|NODE FAILURE)|"
    r"oom[-_]kill|Out of memory: Killed process|OOMKilled|"
    r"=>> PBS: job killed|TERM_(?:MEMLIMIT|RUNLIMIT|OWNER|ADMIN|PREEMPT)\b|"
    r"^make(?:\[\d+\])?: \*\*\* .*(?:Error \d+|Killed|Segmentation fault)|"
    r"BAD TERMINATION OF ONE OF YOUR|exited on signal \d+|"
    r"Signal: [A-Z][\w ]+\(\d+\)|(?i:caught signal \d+)|"
    r"Signal \d+ \(SIG\w+\)|died with <Signals\.SIG\w+|"
    r"[Rr]eceived (?:signal )?SIG(?:TERM|KILL|XCPU)|"
    r"[Rr]eceived \d+ death signal|"
    r"exitcode\s*:\s*-?[1-9]\d*|exit(?:ed|s)? with (?:exit |non-zero (?:exit )?)?(?:code|status)"
    r"[ :=]+-?[1-9]\d*|\bexit code[ :=]+-?[1-9]\d*|returned non-zero exit status|"
    r"terminated by signal|Command exited with non-zero status|^Execution halted\s*$|"
    r"core dumped|"
    r"Main process exited, code=(?:killed|dumped|exited, status=[1-9])|"
    r"Failed with result 'oom-kill'"
)
_DENIED = re.compile(
    r"\b(?:no|zero|0|without|any)\s+(?:\w+\s+)?(?:errors?|exceptions?|failures?|crash\w*|cuda|oom|"
    r"out[- ]of[- ]memory|timeouts?)\b|"
    r"\b(?:avoid\w*|prevent\w*|handled?|handling|recover\w*|ignor\w+|gracefully|if you|in case|"
    r"might|"
    r"may cause|can cause|could cause|such as|tests?|testing|tested|expected|simulat\w+|"
    r"enabled|disabled|retry\w*)\b",
    re.IGNORECASE,
)
_HARMLESS = re.compile(r"\b(?:gracefully|ignor\w+|as expected|if\b.*\bthen|expected exit)\b", re.I)
_BAR = re.compile(
    r"\d{1,3}%\|[^|]*\||\d(?:it/s|s/it|it/sec|batch/s)\]|ETA: |\d+/\d+ \[[=>.━ ╸-]+\]?"
)


def cleaned(raw: str) -> str:
    """A line as a person saw it at last: without colours and overwritten states of bars."""
    text = plain(raw)
    if "\r" in text:
        text = next((part for part in reversed(text.split("\r")) if part.strip()), "")
    return text.rstrip()


def is_bar(text: str) -> bool:
    """Whether the text is, or ends in, the state of a progress bar."""
    return _BAR.search(text) is not None


def after_bar(text: str) -> str:
    """What was written behind a progress bar on its line, or the text itself."""
    end = max((found.end() for found in _BAR.finditer(text)), default=0)
    if not end:
        return text
    bracket = text.find("]", end - 1)
    return text[max(end, bracket + 1) :]


def kind(text: str) -> str | None:
    """What a cleaned line is: "error", "end", or None where it only sounds like it."""
    text = text[:MAX_TEXT]
    if _SHELL.match(text):
        return "end"
    if _SCHEDULER.search(text):
        return "end" if not _HARMLESS.search(text) else None
    if is_levelled(text) or _GLOG.match(text):
        return "error"
    if _RAISED.match(text) or _SAID.match(text):
        return None if _DENIED.search(text.partition(":")[0]) else "error"
    if _SPECIFIC.search(text):
        return None if _DENIED.search(text) or "warn" in text[:80].lower() else "error"
    return None


def is_levelled(text: str) -> bool:
    """Whether a logger wrote the line at the level of an error."""
    found = _LEVEL.search(text[:160])
    return found is not None and _is_prefix(text[: found.start("level")])


def _is_prefix(before: str) -> bool:
    """Whether only what loggers write (time, module, process) stands before the level."""
    words = before.replace("|", " ").split()
    return len(words) <= 8 and sum(word.isalpha() and word.islower() for word in words) <= 2
