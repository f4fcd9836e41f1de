"""Console logs of training scripts in their many shapes.

`loss=0.1`, `Epoch 3/10 - loss: 0.1 - val_loss: 0.2`, progress bars with carriage returns and
colours, time stamps before the text, several metrics a line or one a line. A text counts as a
training log only when several of its first lines give a loss together with the place in the
training where it was measured.
"""

from __future__ import annotations

import re

from ml_debugger.readers.head import Head
from ml_debugger.readers.reader import Reader, Reading
from ml_debugger.readers.training.console import MAX_TEXT, Said, interesting, is_loss_metric, parse
from ml_debugger.readers.training.curves import Runs
from ml_debugger.readers.training.log_text import with_text
from ml_debugger.readers.training.stream import Stream, plain

FORMAT = "console training log"

MAX_WHOLE = 32 << 20
"""Bytes beyond which a log is read as a sample: a gigabyte would take a quarter of an hour."""

_FIRST = 5_000
_TERMINAL = re.compile("[\r\b\x1b]")
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
    filled = losses = code = markdown = 0
    since_place = _NEAR
    places: set[tuple[float | None, ...]] = set()
    headings: set[tuple[float | None, ...]] = set()
    values: set[str] = set()
    bare = 0
    for line in head.text.splitlines():
        if not line.strip():
            continue
        filled += 1
        code += _CODE.match(line) is not None
        markdown += _MARKDOWN.match(line) is not None
        since_place += 1
        for part in plain(line).split("\r"):
            if not interesting(part):
                continue
            said = parse(part)
            if said.has_counter and not said.metrics and not said.summary:
                since_place = 0
                headings.add((said.epoch, said.step))
            found = [(name, value) for name, value in said.metrics if is_loss_metric(name)]
            if not found or said.summary:
                continue
            if said.has_counter or since_place < _NEAR:
                losses += 1
                places.add((said.epoch, said.step, said.part))
            elif len(said.metrics) > 1:
                bare += 1
            values.update(f"{value:g}" for _, value in found)
    if code >= 3 and code > filled * 0.02:
        return None
    if markdown >= 3 and losses < filled * 0.5:
        return None
    several = len(values) >= 2 or values <= {"nan", "inf", "-inf"}
    placed = losses >= 2 and len(places | headings) >= 2
    if several and (placed or losses + bare >= _ENOUGH_BARE):
        return FORMAT
    return None


def read(head: Head, form: str) -> Reading:
    """The runs of the log; a counter of epochs that starts again begins a new run."""
    stream = Stream(head, listen=True)
    by_epoch = _counts_epochs(head.text)
    console = _Console(Runs(head, form, "epoch" if by_epoch else "step"), by_epoch)
    every = max(1, -(-head.size // MAX_WHOLE))
    if every > 1:
        console.runs.details["sampled"] = (
            f"one line in {every}, and all lines with validation or non-finite figures"
        )
    for line in stream.lines():
        if line.number > _FIRST and line.number % every and not _must_be_read(line.text):
            continue
        parts = plain(line.text).split("\r") if _TERMINAL.search(line.text) else [line.text]
        for position, part in enumerate(parts, start=1):
            if interesting(part):
                whole = line.whole or position < len(parts)
                console.take(line.number, parse(part, whole))
    return with_text(console.runs.reading(stream.problem), head, form, stream)


def _must_be_read(text: str) -> bool:
    """Whether a line of a huge log is read even where only a sample is."""
    lower = text[:MAX_TEXT].lower()
    if ("nan" in lower or "inf" in lower) and _NON_FINITE.search(lower) is not None:
        return True
    return "%|" not in lower and ("val" in lower or "fold" in lower or "test" in lower)


class _Console:
    """Keeps the place in the training while lines go by."""

    def __init__(self, runs: Runs, by_epoch: bool) -> None:
        self.runs = runs
        self.by_epoch = by_epoch
        self.epoch: float | None = None
        self.fold: str | None = None
        self.base = 0.0
        self.shown: dict[str, str] = {}

    def take(self, line: int, said: Said) -> None:
        """One line, or one refresh of a progress bar."""
        if said.summary:
            return
        if said.fold is not None and said.fold != self.fold:
            self.fold = said.fold
            self.runs.start(f"fold {said.fold}")
        if said.epoch is not None:
            self._enter(said.epoch)
        elif said.step is not None and not said.bar and not self.by_epoch:
            self.runs.count(said.step)
        if not said.metrics or (said.keras and said.part is not None and said.part < 1.0):
            return
        step, contextual = self._place(said)
        for name, value in said.metrics:
            if said.bar:
                # a bar repeats its figures until they change, also into the next epoch
                if self.shown.get(name) == str(value):
                    continue
                self.shown[name] = str(value)
            self.runs.now.add(name, step, value, line, contextual)

    def _enter(self, epoch: float) -> None:
        before = self.runs.now
        self.runs.count(epoch)
        if self.epoch is None or self.runs.now is not before:
            self.base = min(1.0, epoch) if epoch == int(epoch) else 0.0
            self.shown.clear()
        self.epoch = epoch

    def _place(self, said: Said) -> tuple[float | None, bool]:
        """The step of the line's metrics, and whether it is only the epoch around it."""
        if self.by_epoch and self.epoch is not None:
            if said.part is not None and not said.keras:
                return self.epoch - self.base + said.part, False
            alone = said.epoch is not None and said.step is None
            return self.epoch, not alone
        if said.step is not None and not self.by_epoch:
            return said.step, False
        return (self.runs.now.last if not self.by_epoch else None), True


def _counts_epochs(text: str) -> bool:
    for line in text.splitlines():
        for part in plain(line).split("\r")[:50]:
            if "ep" in part.lower() and interesting(part):
                said = parse(part)
                if said.epoch is not None and not said.summary:
                    return True
    return False


def _is_markup(text: str) -> bool:
    """JSON documents and HTML have readers of their own, or none."""
    start = text.lstrip()
    if start.startswith("<"):
        return start[:15].lower().startswith(("<!doctype", "<html", "<?xml", "<svg"))
    # a printed dictionary of Python uses single quotes, a log line starts with [time] or [rank]
    return re.match(r"[{\[]\s*(?:\"|\{|\[|\d+\s*,|\])", start) is not None


READER = Reader("console-training-log", recognise, read)
