"""How a log ends: which of its troubles ended the process, and which it outlived."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from ml_debugger.artifacts import LogText, Passage

BUFFER = 8192
"""Bytes of standard output that Python holds back when it is no terminal, and writes at the exit:
behind a traceback that ended the process (CPython, io.DEFAULT_BUFFER_SIZE)."""

_EPILOGUE = re.compile(
    r"^wandb\b|^\[[\w.-]+:\d+\] |^slurmstepd|^srun: |^mpirun|^prterun|^make\b|^\+ |^real\s|"
    r"^user\s|^sys\s|^-+$|^=+$|"
    r"^\*+$|"
    r"closing signal|leaked (?:semaphore|shared_memory)|resource_tracker|semaphore_tracker|"
    r"warnings\.warn\(|Warning: |^\s*\[ ?\d+\] |End of error message|Failing at address|"
    r"Signal code|"
    r"^\[?[EWIF]\d{4} |ProcessGroup\w+\.cpp|^frame #|^\s+frame #|^C\+\+ exception|"
    r"HYDRA_FULL_ERROR|CUDA_LAUNCH_BLOCKING|TORCH_USE_CUDA_DSA|^CUDA kernel errors|"
    r"^\S{0,60}[$#%>] ?\S{0,80}$|^Exited with|[Jj]ob (?:ended|finished|exited|complete)|"
    r"(?:[Ee]nd(?:ed)?|[Ff]inish(?:ed)?) (?:time|at|on)\b|[Ee]xit (?:code|status)|"
    r"^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)\w* |^Elapsed|^Resource usage|[Cc]lean(?:ing|ed)? up|"
    r"[Ss]hutting down|[Tt]erminat|[Kk]ill|[Aa]bort|destroy_process_group|^\s+(?:\w+ ?: |File )|"
    r"^Primary job|^The (?:command|process)|^Please |^For more|^See |^\^|NCCL|^Root Cause|"
    r"^Failures|"
    r"systemd\[|Failed with result|^usage: |synced|^Stack|^#\d+ |^\*{2,}"
)
_BAR = re.compile(r"\d{1,3}%\|[^|]*\||\[\d+:\d\d<|\dit/s\]|s/it\]")
_PROGRESS = re.compile(
    r"(?i)\b(?:epoch|step|iter(?:ation)?|round|batch|fold|trial|update)s?\b\W{0,4}\d|"
    r"\bloss\b\W{0,4}\d|^\[\d+\]\s|\bacc(?:uracy)?\b\W{0,4}\d"
)
_RETRY = re.compile(
    r"(?i)\bretry|\battempt \d|resum(?:e|ing)|restart|recover|skipp(?:ing|ed)|continu(?:e|ing)|"
    r"fall(?:ing)? ?back|next (?:symbol|ticker|trial|batch|fold)|reduc(?:e|ing) batch|"
    r"trying (?:with|again)"
)
FINISHED = re.compile(
    r"(?i)(?:training|run|fit(?:ting)?|optimi[sz]ation|job|experiment|pipeline|search|backtest)"
    r"(?: \w+)? (?:is |was |has |successfully )*(?:finished|complete[d]?|done|ended)\b|"
    r"\b(?:finished|completed) (?:training|successfully|all|in\b)|^\W*(?:all )?(?:done|finished|"
    r"completed?)"
    r"\W*$|\bdone in \d|training took|total (?:training |run |elapsed )?time|final (?:test|val|"
    r"model|"
    r"score|result|loss|acc)|\btest (?:acc|loss|set|result|score|metric|mse|rmse|auc)|"
    r"(?:model|weights|policy) (?:was |is )?(?:saved|written)|saved? (?:the )?(?:final |best |"
    r"trained )?"
    r"(?:model|weights)|best (?:model|epoch|val|iteration|score|trial|params)|success(?:fully)?\b|"
    r"train_runtime|early.?stop|max_(?:epochs|steps)[^ ]* reached|reached the (?:end|maximum)|"
    r"running (?:the )?test|validation accuracy"
)
_BY_HAND = re.compile(r"^(?:\w+\.)*KeyboardInterrupt\b|^SystemExit(?:: 0)?$|^\^C$")
_OUTLIVED = re.compile(r"^Exception ignored in|^--- Logging error ---")
WRAPPER = re.compile(
    r"ChildFailedError|ProcessExitedException|ProcessRaisedException|CalledProcessError|"
    r"^SystemExit|"
    r"WorkerCrashedError|BrokenProcessPool|ActorDiedError"
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of the process after a passage: "ended", "doubtful", "by hand", "outlived"."""

    passage: Passage
    outcome: str


class LogEnd:
    """The end of a log, read with its passages at hand."""

    def __init__(self, log: LogText) -> None:
        self.log = log
        numbers = log.tail_lines
        if len(numbers) != len(log.tail):
            numbers = tuple(range(log.lines - len(log.tail) + 1, log.lines + 1))
        self._tail = list(zip(numbers, log.tail, strict=True))

    @cached_property
    def verdicts(self) -> list[Verdict]:
        """A verdict on every passage, in the order of the log."""
        return [Verdict(passage, self._outcome(passage)) for passage in self.log.passages]

    def ended_by(self) -> list[Passage]:
        """The passages with which the process ended, the root first.

        A traceback of its own code explains the shell's message and the launcher's report.
        """
        last = [v.passage for v in self.verdicts if v.outcome == "ended"]
        return sorted(last, key=_causality)

    def having(self, outcome: str) -> list[Passage]:
        """The passages of one outcome."""
        return [v.passage for v in self.verdicts if v.outcome == outcome]

    @property
    def by_hand(self) -> bool:
        """Whether somebody interrupted the run."""
        return any(v.outcome == "by hand" for v in self.verdicts)

    def finished(self, after: int = 0) -> bool:
        """Whether a line of the end, behind the given one, says that the work is done."""
        return any(number > after and FINISHED.search(text) for number, text in self._tail)

    def ordinary_after(self, line: int) -> list[str] | None:
        """The lines behind the given one that are neither trouble nor its echo.

        None where there are more of them than the log's end holds.
        """
        if self._tail and self._tail[0][0] > line + 1 and self._tail[0][0] > 1:
            beyond = self._tail[0][0] - line > 20
            if beyond and not self._all_trouble(line):
                return None
        spans = [(p.line, p.last or p.line) for p in self.log.passages if (p.last or p.line) > line]
        return [
            text
            for number, text in self._tail
            if number > line
            and not any(first <= number <= last for first, last in spans)
            and not _EPILOGUE.search(text[:200])
            and not _BAR.search(text)
        ]

    def _all_trouble(self, line: int) -> bool:
        """Whether passages cover most of what stands between a line and the log's end."""
        first = self._tail[0][0]
        covered = sum(
            max(0, min(p.last or p.line, first) - max(p.line, line) + 1)
            for p in self.log.passages
            if (p.last or p.line) > line and p.line < first
        )
        return covered >= 0.8 * (first - line - 1)

    def _outcome(self, passage: Passage) -> str:
        if passage.ended:
            return "ended"
        if self.log.running:
            # the process is there, whatever it wrote: a retry may follow at once
            return "outlived"
        if _OUTLIVED.search(passage.lines[0]):
            return "outlived"
        after = self.ordinary_after(passage.last or passage.line)
        if after is None:
            return "outlived"
        by_hand = any(_BY_HAND.search(text) for text in passage.lines[-2:])
        if not after:
            if by_hand or _cancelled(passage):
                return "by hand"
            if passage.kind == "error" and not is_deadly(passage):
                # an error that the log outlived twice is no end the third time either
                usual = passage.count > 2 or self._bar_after(passage)
                return "outlived" if usual else "doubtful"
            return "ended"
        if by_hand:
            return "outlived" if len(after) > 10 else "by hand"
        return self._went_on(passage, after)

    def _went_on(self, passage: Passage, after: Sequence[str]) -> str:
        if passage.logged or passage.kind == "error" or len(after) > 60:
            return "outlived"
        if any(_RETRY.search(text) for text in after[:5]):
            return "outlived"
        if passage.kind == "end":
            return "outlived" if len(after) >= 3 else "doubtful"
        if sum(len(text) + 1 for text in after) > BUFFER:
            return "outlived"
        progress = [text for text in after if _PROGRESS.search(text)]
        if progress and self._progressed_before(passage.line):
            # the same kind of line before and behind: it was written in order
            return "outlived"
        if any(FINISHED.search(text) for text in after):
            return "outlived" if progress else "doubtful"
        return "ended" if progress or len(after) <= 3 else "doubtful"

    def _bar_after(self, passage: Passage) -> bool:
        last = passage.last or passage.line
        return any(number > last and _BAR.search(text) for number, text in self._tail)

    def _progressed_before(self, line: int) -> bool:
        return any(number < line and _PROGRESS.search(text) for number, text in self._tail)


def is_deadly(passage: Passage) -> bool:
    """Whether an error line alone is what a dying process writes."""
    text = passage.lines[0]
    return (
        re.search(
            r"\b(?:CRITICAL|FATAL)\b|^\W{0,6}(?:\w+\.)*\w*(?:Error|Exception): |"
            r"^\W{0,6}(?i:fatal|error): |^\S+\.\w+: error: |out of memory|OutOfMemory|"
            r"RESOURCE_EXHAUSTED|OOM when|"
            r"No space left|uota exceeded|"
            r"timeout|NCCL error|CUDA error|CU(?:BLAS|DNN)_STATUS|bad_alloc",
            text,
        )
        is not None
    )


def _cancelled(passage: Passage) -> bool:
    """A scheduler ended it because somebody asked for it."""
    text = passage.lines[0]
    return "CANCELLED" in text and "DUE TO" not in text


def _causality(passage: Passage) -> tuple[int, int]:
    wrapped = WRAPPER.search(passage.lines[-1]) or any(
        WRAPPER.search(line) and not line.startswith(" ") for line in passage.lines
    )
    order = {"traceback": 0, "error": 1, "end": 2}[passage.kind]
    return (3 if wrapped else order, passage.line)
