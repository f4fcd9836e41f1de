"""Console logs of training scripts in their many shapes.

`loss=0.1`, `Epoch 3/10 - loss: 0.1 - val_loss: 0.2`, progress bars with carriage returns and
colours, time stamps before the text, several metrics a line or one a line, lines of several
processes between each other. A text counts as a training log only when several of its first
lines give a loss together with the place in the training where it was measured.
"""

from __future__ import annotations

import re

from ml_debugger.artifacts import Artifact
from ml_debugger.readers.head import Head
from ml_debugger.readers.reader import Reader, Reading, Unreadable
from ml_debugger.readers.training import bursts
from ml_debugger.readers.training.console_run import ConsoleRun
from ml_debugger.readers.training.curves import Runs
from ml_debugger.readers.training.kinds import Kind
from ml_debugger.readers.training.log_text import with_text
from ml_debugger.readers.training.names import is_loss
from ml_debugger.readers.training.skeleton import with_even_bars
from ml_debugger.readers.training.stream import Stream, plain
from ml_debugger.readers.training.survey import Survey, rank_of, survey

FORMAT = "console training log"

MAX_WHOLE = 256 << 20
"""Bytes beyond which a log is read as a sample, so that reading it takes seconds, not minutes."""

_FIRST = 5_000
_MOST = 4_096
_NON_FINITE = re.compile(r"(?<![a-z])(?:nan|inf(?:inity)?)(?![a-z])")
# how far below its heading an epoch's metrics may stand
_NEAR = 60
_ENOUGH_BARE = 10
_CODE = re.compile(
    r"^\s*(?:import \w|from \w[\w.]* import|def \w+\(|class \w+|return\b|#include|function \w|"
    r"const \w|let \w|if __name__|print\(|<\w+[ >]|</\w+>|@\w+\s*$)"
)
_MARKDOWN = re.compile(r"^(?:#{1,6} \S|```|[-*] \[|!\[|\|\s*:?-{3,})")


def recognise(head: Head) -> str | None:
    """The format's name for a text that is strict enough a training log."""
    if head.encoding is None or _is_markup(head.text):
        return None
    kinds = survey(head.text).kinds()
    filled = losses = code = markdown = 0
    since_place = _NEAR
    places: set[tuple[float | None, ...]] = set()
    headings: set[tuple[float | None, ...]] = set()
    found: set[str] = set()
    bare = 0
    for line in head.text.splitlines():
        if not line.strip():
            continue
        filled += 1
        code += _CODE.match(line) is not None
        markdown += _MARKDOWN.match(line) is not None
        since_place += 1
        for part in plain(line).split("\r"):
            said = kinds.read(part)
            if said is None or said[0].summary:
                continue
            plan, values, _ = said
            where = tuple(
                values[at] if at >= 0 else None
                for at in (plan.epoch, plan.step, plan.part, plan.fold)
            )
            if plan.row is not None:
                if is_loss(plan.row):
                    losses += since_place < _NEAR
                    found.add(f"{values[plan.row_at]}")
                    places.add((float(losses),))
                elif "step" in plan.row or "epoch" in plan.row or "iteration" in plan.row:
                    since_place = 0
                    headings.add((values[plan.row_at],))
                continue
            if plan.has_counter and not plan.metrics:
                since_place = 0
                headings.add(where)
            told = [values[m.at] for m in plan.metrics if m.kind in ("loss", "error")]
            if not told:
                continue
            # one line a fold is what a walk-forward validation writes
            if plan.has_counter or plan.fold >= 0 or since_place < _NEAR:
                losses += 1
                places.add(where)
            elif len(plan.metrics) > 1:
                bare += 1
            found.update("null" if value is None else f"{value:g}" for value in told)
    if code >= 3 and code > filled * 0.02:
        return None
    if markdown >= 3 and losses < filled * 0.5:
        return None
    several = len(found) >= 2 or found <= {"nan", "inf", "-inf", "null"}
    placed = losses >= 2 and len(places | headings) >= 2
    if several and (placed or losses + bare >= _ENOUGH_BARE):
        return FORMAT
    return None


def read(head: Head, form: str) -> Reading:
    """The runs of the log; a counter of epochs that starts again begins a new run."""
    stream = Stream(head, listen=True)
    log = _Log(head, form, survey(head.text))
    every = max(1, -(-head.size // MAX_WHOLE))
    if every > 1:
        log.sampled = f"one line in {every}, and all lines with validation or non-finite figures"
    for block in stream.blocks():
        for number, text in enumerate(block.texts, start=block.first):
            if every > 1 and number > _FIRST and number % every and not _must_be_read(text):
                continue
            if block.plain:
                log.take(number, text, block.whole)
                continue
            parts = plain(text).split("\r")
            last = len(parts) - 1
            for position, part in enumerate(parts):
                log.take(number, part, block.whole or position < last)
    log.settle()
    return with_text(log.reading(stream.problem), head, form, stream)


def _must_be_read(text: str) -> bool:
    """Whether a line of a huge log is read even where only a sample is."""
    lower = text.lower()
    if ("nan" in lower or "inf" in lower) and _NON_FINITE.search(lower) is not None:
        return True
    return "%|" not in lower and ("val" in lower or "fold" in lower or "test" in lower)


class _Log:
    """The processes that write one log; usually there is one."""

    def __init__(self, head: Head, form: str, found: Survey) -> None:
        self.head = head
        self.form = form
        self.found = found
        self.sampled: str | None = None
        self.by_rank: dict[int | None, ConsoleRun] = {}
        self.kinds = found.kinds()
        self._burst: Kind | None = None
        self._form: re.Pattern[str] | None = None
        self._lines: list[int] = []
        self._rows: list[tuple[str, ...]] = []

    def take(self, number: int, text: str, whole: bool) -> None:
        """One line, or one refresh of a progress bar; those of one kind are gathered."""
        if "%|" in text or "[=" in text or "[>" in text:
            text = with_even_bars(text)
        text = text.rstrip()
        if self._form is not None and whole:
            found = self._form.fullmatch(text)
            if found is not None:
                self._lines.append(number)
                self._rows.append(found.groups())
                if len(self._rows) >= _MOST:
                    self.settle()
                return
        said = self.kinds.read(text)
        if said is None:
            return
        self.settle()
        plan, values, written = said
        self.of(rank_of(plan, values)).take(number, plan, values, written, whole)
        front = self.kinds.front
        many = front is not None and front[1].plan is plan and not self.found.by_rank
        self._form, self._burst = front if many and front is not None else (None, None)

    def settle(self) -> None:
        """Take the lines that were gathered."""
        if self._burst is not None and self._lines:
            comma = self.found.decimal_comma
            bursts.take(self.of(None), self._burst.plan, self._lines, self._rows, comma)
            self._lines, self._rows = [], []

    def of(self, rank: int | None) -> ConsoleRun:
        """The process with this rank; all are one where their metrics differ."""
        if not self.found.by_rank:
            rank = None
        console = self.by_rank.get(rank)
        if console is None:
            unit = "epoch" if self.found.by_epoch else "step"
            console = ConsoleRun(
                Runs(self.head, self.form, unit, blank_from_first=True), self.found.by_epoch
            )
            self.by_rank[rank] = console
        return console

    def reading(self, problem: str | None) -> Reading:
        """The runs of all ranks."""
        artifacts: list[Artifact] = []
        for rank, console in sorted(self.by_rank.items(), key=lambda pair: pair[0] or 0):
            console.close()
            if self.sampled is not None:
                console.runs.details["sampled"] = self.sampled
            if rank is not None:
                console.runs.within = f"rank {rank}"
            try:
                reading = console.runs.reading(problem)
            except Unreadable:
                continue
            artifacts += reading.artifacts
            problem = reading.problem
        if not artifacts:
            raise Unreadable(problem or "no metric could be read")
        return Reading(artifacts, problem)


def _is_markup(text: str) -> bool:
    """JSON documents and HTML have readers of their own, or none."""
    start = text.lstrip()
    if start.startswith("<"):
        return start[:15].lower().startswith(("<!doctype", "<html", "<?xml", "<svg"))
    # a printed dictionary of Python uses single quotes, a log line starts with [time] or [rank]
    form = r"[{\[]\s*(?:\"|\{|\[(?!\d+/\d)|\d+\s*,(?![^\n]{0,40}\](?:\s+\w|<std))|\])"
    return re.match(form, start) is not None


READER = Reader("console-training-log", recognise, read)
