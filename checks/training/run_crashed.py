"""TRN021: the log ends in a traceback, a signal or a scheduler's verdict."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ml_debugger.artifacts import LogText, Passage
from ml_debugger.contract import Evidence, Limit, Measurement, NotMeasured, Outcome, check
from ml_debugger.runs.log_end import LogEnd
from ml_debugger.runs.raised import Raised, raised

_SIGNALS = {
    "1": "SIGHUP", "2": "SIGINT", "3": "SIGQUIT", "4": "SIGILL", "6": "SIGABRT", "7": "SIGBUS",
    "8": "SIGFPE", "9": "SIGKILL", "11": "SIGSEGV", "15": "SIGTERM", "24": "SIGXCPU",
}  # fmt: skip
_MEANINGS = {
    "SIGKILL": "killed (SIGKILL; often the out-of-memory killer)",
    "SIGSEGV": "ended by a segmentation fault (SIGSEGV)",
    "SIGBUS": "ended by a bus error (SIGBUS; often a full /dev/shm)",
    "SIGABRT": "aborted (SIGABRT)",
    "SIGTERM": "ended by SIGTERM",
    "SIGXCPU": "out of its processor time (SIGXCPU)",
}
_SAID = (
    (
        r"oom[-_]kill|Out of memory: Killed|OOMKilled|Out Of Memory",
        "killed by the out-of-memory killer",
    ),
    (r"TIME LIMIT|walltime|TERM_RUNLIMIT", "ended by the scheduler's time limit"),
    (r"TERM_MEMLIMIT", "ended by the scheduler's memory limit"),
    (r"PREEMPT", "preempted by the scheduler"),
    (r"NODE FAIL", "ended by the failure of its node"),
    (r"(?i)\bkilled\b", _MEANINGS["SIGKILL"]),
    (r"(?i)segmentation fault", _MEANINGS["SIGSEGV"]),
    (r"(?i)bus error", _MEANINGS["SIGBUS"]),
    (r"(?i)illegal instruction", "ended by an illegal instruction (SIGILL)"),
    (r"(?i)floating point exception", "ended by a floating point exception (SIGFPE)"),
    (r"(?i)abort", _MEANINGS["SIGABRT"]),
    (r"(?i)terminated", _MEANINGS["SIGTERM"]),
)
_NUMBER = re.compile(
    r"exitcode\s*:\s*(-?\d+)|exit (?:code|status)[ :=]+(-?\d+)|with (?:exit )?(?:code|status)[ :=]+"
    r"(-?\d+)|[Ss]ignal:? (\d+)|Error (\d+)\s*$|status[ =:]+(-?\d+)|\((\d{1,2})\)\s*$|"
    r"\(exitcode: (-?\d+)"
)
_NAME = re.compile(r"SIG[A-Z]{2,5}\b")
_FAILED = re.compile(
    r"(?i)(?:re)?(?:train(?:ing)?|fit(?:ting)?)\b.{0,40}\b(?:fail|crash|abort)|"
    r"(?:fail|crash|abort|error).{0,40}\b(?:re)?(?:train|fit)(?:ing)?\b"
)


@check(
    code="TRN021",
    name="run-crashed",
    component="training",
    playbook="training-run",
    limits=[
        Limit(
            name="crashes",
            unit="crashes",
            direction="above",
            fail=0,
            meaning="exceptions, signals and schedulers' verdicts with which a process ended",
            source="Python documentation, sys.excepthook: an uncaught exception ends the program",
        ),
        Limit(
            name="doubtful_ends",
            unit="errors",
            direction="above",
            warn=0,
            meaning="the log ends with an error line, or little stands behind a traceback",
            source="CPython, io.DEFAULT_BUFFER_SIZE: up to 8,192 bytes of output may be written "
            "behind the traceback that ended the process",
        ),
        Limit(
            name="failed_trainings",
            unit="attempts",
            direction="above",
            warn=2,
            meaning="attempts of a service to train that failed with the same error, up to the "
            "end of its log",
            source="a task that failed three times in a row does not recover by itself "
            "(Kubernetes and Celery retry three to six times by default)",
        ),
    ],
    explained_by=("cuda-out-of-memory", "no-space-left", "nccl-timeout", "quota-exceeded",
                  "oom-killed"),
    profiles=("quick", "pre-train", "full"),
)  # fmt: skip
def run_crashed(log: LogText) -> Outcome:
    """The log ends in a traceback, a signal or a scheduler's verdict.

    What it measures:
        Tracebacks, aborts, signals, exit codes and verdicts of schedulers with nothing behind
        them but their echo: messages of launchers and shells, progress bars, the summary of a
        tracker. It names the exception and the last line of the user's own code, which is
        rarely the last line of the traceback: that mostly lies in a library.
        What a run outlived is no crash: a traceback that a logger wrote and after which the
        work went on, a retry that succeeded, "Exception ignored in". Nor is an interruption by
        hand (KeyboardInterrupt, scancel). Where it cannot be told, the result is a warning.
        A service whose attempts to train fail again and again up to the end is warned of too.

    Why it matters:
        What was trained since the last checkpoint is lost, and the GPU idles until somebody
        looks.

    What to do:
        Go to the line that is named; the values there are the cause more often than the
        library is. "Killed" without a traceback is mostly the kernel's out-of-memory killer:
        look for it in dmesg, and at the memory of the data loader's workers. A segmentation
        fault after an upgrade is mostly a mix of binary packages. Start again from the last
        checkpoint.

    Sources:
        Python documentation, traceback and faulthandler. GNU Bash manual, Exit Status (128 + n
        for signal n). Slurm, sacct job states (TIMEOUT, PREEMPTED, OUT_OF_MEMORY, NODE_FAIL).
    """
    if log.running:
        return NotMeasured("the process is running")
    if not log.lines:
        return NotMeasured("the log is empty")
    end = LogEnd(log)
    ended = end.ended_by()
    doubtful = end.having("doubtful")
    failing = _failing(log) if not ended else None
    values = {
        "crashes": float(sum(passage.count if passage.ended else 1 for passage in ended)),
        "doubtful_ends": float(len(doubtful) if not ended else 0),
        "failed_trainings": float(failing.count if failing is not None else 0),
    }
    if ended:
        return _crash(ended, values)
    if doubtful:
        passage = doubtful[-1]
        told = raised(passage)
        title = f"Ends with an error, maybe a crash: {_what(passage, told)}"
        return Measurement(title, values, _evidence(passage, told, ()), line=_line(passage))
    if failing is not None and failing.count > 2:
        title = f"Training failed {failing.count} times, last on line {failing.last}"
        told = raised(failing)
        return Measurement(title, values, _evidence(failing, told, ()), line=failing.line)
    return Measurement(_alive(end), values)


def _crash(ended: Sequence[Passage], values: dict[str, float]) -> Measurement:
    first, others = ended[0], ended[1:]
    told = raised(first)
    what = _what(first, told)
    if first.ended and values["crashes"] > 1:
        title = f"{values['crashes']:.0f} runs ended in an error: {what}"
    elif told.frame is not None:
        title = f"Crashed at {told.frame.short}: {what}"
    else:
        title = f"Run {what}" if first.kind == "end" else f"Crashed: {what}"
    return Measurement(title, values, _evidence(first, told, others), line=_line(first))


def _evidence(passage: Passage, told: Raised, others: Sequence[Passage]) -> tuple[Evidence, ...]:
    evidence = []
    where = f"line {_line(passage)}"
    if told.exception:
        evidence.append(Evidence("exception", told.exception, None, where))
        evidence.append(Evidence("message", told.message[:300] or None))
    else:
        evidence.append(Evidence("message", passage.lines[0][:300], None, where))
    if told.frame is not None:
        place = f"{told.frame.file}:{told.frame.line}"
        name = "own_code" if told.frame.own else "library_code"
        evidence.append(Evidence(name, place, None, told.frame.where))
    if passage.rank is not None:
        evidence.append(Evidence("rank", passage.rank))
    if others:
        last = others[-1]
        evidence.append(Evidence("then", last.lines[-1][:200], None, f"line {_line(last)}"))
    return tuple(evidence[:5])


def _line(passage: Passage) -> int:
    """The line on which its last occurrence began."""
    if passage.count == 1 or passage.last is None or passage.ended:
        return passage.line
    return max(passage.line, passage.last - len(passage.lines) + 1)


def _what(passage: Passage, told: Raised) -> str:
    if told.exception:
        return told.brief
    text = passage.lines[0].strip()
    if passage.kind != "end":
        return text if len(text) <= 90 else text[:87] + "..."
    name = _NAME.search(text)
    if name is not None and name.group() in _SIGNALS.values():
        return _MEANINGS.get(name.group(), f"ended by {name.group()}")
    for pattern, words in _SAID:
        if re.search(pattern, text):
            return words
    number = _NUMBER.search(text)
    if number is not None:
        code = next(group for group in number.groups() if group)
        signal = _SIGNALS.get(_signal_number(code))
        if signal is not None:
            return _MEANINGS.get(signal, f"ended by {signal}")
        return f"ended with exit code {code}"
    return f"ended: {text[:80]}"


def _signal_number(code: str) -> str:
    """The signal in an exit code of a shell (128 + n) or of Python (-n)."""
    value = int(code)
    return str(-value if value < 0 else value - 128 if value > 128 else 0)


def _failing(log: LogText) -> Passage | None:
    """An error of a service that tells of a failed training, repeated up to its log's end."""
    near = log.lines - max(50, log.lines // 20)
    found = [
        passage
        for passage in log.passages
        if passage.kind == "error"
        and passage.logged
        and _FAILED.search(passage.lines[0])
        and (passage.last or passage.line) >= near
    ]
    return max(found, key=lambda passage: passage.count, default=None)


def _alive(end: LogEnd) -> str:
    if end.by_hand:
        return "Interrupted by hand, no crash"
    outlived = sum(passage.count for passage in end.having("outlived"))
    if outlived:
        return f"{outlived:,} errors in the log, and the run outlived them"
    return f"No crash in {end.log.lines:,} lines"
