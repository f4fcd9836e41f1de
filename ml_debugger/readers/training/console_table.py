"""Tables that skorch, fastai and hand-written loops print: one header line, one row an epoch."""

from __future__ import annotations

import re

from ml_debugger.readers.head import Head
from ml_debugger.readers.reader import Reader, Reading
from ml_debugger.readers.training.curves import Runs
from ml_debugger.readers.training.log_text import with_text
from ml_debugger.readers.training.names import is_loss, meaning, words
from ml_debugger.readers.training.numbers import number
from ml_debugger.readers.training.stream import Stream, plain

FORMAT = "console table of epochs"
_GAP = re.compile(r"\s*\|\s*|\s{2,}|\t")
_EPOCH = ("epoch", "ep", "step", "iter", "iteration", "round")
_MAX_LINE = 2_000


def recognise(head: Head) -> str | None:
    """The format's name when at least two rows of numbers stand below a header with a loss."""
    if head.encoding is None:
        return None
    header: list[str] | None = None
    rows = 0
    for line in head.text.splitlines():
        text = plain(line[:_MAX_LINE])
        if re.match(r"\s*\|?\s*:?-{3,}:?\s*\|", text):
            # a table of a document
            return None
        found = _header(text)
        if found is not None:
            header, rows = found, 0
        elif header is not None and _row(text, header) is not None:
            rows += 1
            if rows >= 2:
                return FORMAT
    return None


def read(head: Head, form: str) -> Reading:
    """The runs of the log; a repeated header whose counter starts again begins a new run."""
    stream = Stream(head, listen=True)
    runs = Runs(head, form, "epoch")
    header: list[str] | None = None
    for line in stream.lines():
        text = plain(line.text[:_MAX_LINE])
        found = _header(text)
        if found is not None:
            header = found
            continue
        row = _row(text, header) if header is not None and line.whole else None
        if row is None or header is None:
            continue
        at = _place(header)
        counter = row[at]
        if counter is None:
            continue
        runs.count(counter)
        for name, value in zip(header, row, strict=True):
            if name != header[at] and value is not None and meaning(name) is not None:
                runs.now.add(name, counter, value, line.number)
    return with_text(runs.reading(stream.problem), head, form, stream)


def _cells(text: str) -> list[str]:
    return [cell for cell in _GAP.split(text.strip().strip("|").strip()) if cell]


def _header(text: str) -> list[str] | None:
    if "loss" not in text.lower():
        return None
    cells = _cells(text)
    plain_names = all(number(cell) is None and len(cell) <= 40 for cell in cells)
    named = any(is_loss(cell) for cell in cells) and len(set(cells)) == len(cells) >= 3
    return cells if plain_names and named and any(_is_place(cell) for cell in cells) else None


def _row(text: str, header: list[str]) -> list[float | None] | None:
    # a mark for the best epoch may stand between the columns
    cells = [
        cell for cell in (part.strip("+* ") for part in text.replace("|", " ").split()) if cell
    ]
    if not len(header) - 1 <= len(cells) <= len(header):
        return None
    numbers = [number(cell) for cell in cells]
    if numbers[0] is None or sum(value is not None for value in numbers) < len(header) - 1:
        return None
    return numbers + [None] * (len(header) - len(numbers))


def _is_place(cell: str) -> bool:
    return "_".join(words(cell)) in _EPOCH


def _place(header: list[str]) -> int:
    return next(at for at, cell in enumerate(header) if _is_place(cell))


READER = Reader("console-table", recognise, read)
