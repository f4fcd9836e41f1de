"""CSV logs of training: Lightning's metrics.csv, Keras' CSVLogger, hand-written ones.

Without a header row the first column must count epochs and the file's name must say that it is
a log; its second column is then taken for the loss.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from itertools import pairwise

from ml_debugger.readers.head import Head
from ml_debugger.readers.reader import Reader, Reading, Unreadable
from ml_debugger.readers.training.curves import Runs
from ml_debugger.readers.training.names import is_loss, meaning, words
from ml_debugger.readers.training.numbers import number
from ml_debugger.readers.training.stream import Stream

FORMAT = "CSV training log"
_DELIMITERS = ",;\t"
_STEP = ("step", "global_step", "iteration", "iter", "round", "num_updates", "timestep")
_EPOCH = ("epoch", "epochs", "ep", "epoch_num", "epoch_number", "current_epoch")
_BATCH = ("batch", "batch_idx", "batch_number", "minibatch")
_LOG_NAME = re.compile(r"log|train|histor|metric|loss|epoch", re.IGNORECASE)
_MAX_COLUMNS = 2_000


def recognise(head: Head) -> str | None:
    """The format's name for rows of metrics under a header, or without one."""
    if head.encoding is None:
        return None
    rows = [row for row in head.text.splitlines()[:60] if row.strip()]
    if len(rows) < 2:
        return None
    delimiter = _delimiter(rows[0])
    cells = _cells(rows[0], delimiter)
    if not 2 <= len(cells) <= _MAX_COLUMNS:
        return None
    if all(number(cell) is not None or not cell for cell in cells):
        return _recognise_bare(head, rows, delimiter)
    losses = [at for at, cell in enumerate(cells) if is_loss(cell)]
    counter = _counter(cells)
    roles = {told.role for at in losses if (told := meaning(cells[at])) is not None}
    if not losses or (counter is None and len(roles) < 2):
        return None
    body = [_cells(row, delimiter) for row in rows[1:]]
    body = [row for row in body if len(row) == len(cells)]
    filled = [row[at].strip() for row in body for at in losses if row[at].strip()]
    if not filled or sum(number(cell) is not None for cell in filled) < len(filled) * 0.6:
        return None
    return FORMAT


def _recognise_bare(head: Head, rows: list[str], delimiter: str) -> str | None:
    table = [_cells(row, delimiter) for row in rows]
    width = len(table[0])
    # an unclosed last row may be short
    if any(len(row) != width for row in table[:-1]) or not _LOG_NAME.search(head.stem):
        return None
    counters = [number(row[0]) for row in table if len(row) == width]
    if any(value is None or not value.is_integer() for value in counters):
        return None
    known = [value for value in counters if value is not None]
    steps = [after - before for before, after in pairwise(known)]
    counts = known[0] in (0.0, 1.0) and steps and sum(s == 1 for s in steps) >= len(steps) * 0.6
    return FORMAT if counts else None


def read(head: Head, form: str) -> Reading:
    """Every run of the file; rows that are no data (conflict marks, texts) are passed over."""
    first = _first_row(head)
    delimiter = _delimiter(first)
    header = _cells(first, delimiter)
    stream = Stream(head)
    if all(number(cell) is not None or not cell for cell in header):
        runs = _Rows(head, form, ["epoch", "loss", *_unnamed(len(header))])
        runs.runs.now.details["header"] = "none: the second column is taken for the loss"
    else:
        runs = _Rows(head, form, header)
    for at, cells, whole in _rows(stream, delimiter):
        runs.take(at, cells, whole)
    return runs.runs.reading(stream.problem)


class _Rows:
    """Turns rows into points under the present header."""

    def __init__(self, head: Head, form: str, header: list[str]) -> None:
        self.header = header
        self.step = _find(header, _STEP)
        self.epoch = _find(header, _EPOCH)
        by_step = self.step is not None and self._counts_up(head, self.step)
        if not by_step:
            self.step = None
        # rows of batches whose number starts again in every epoch
        self.batches = self.step is None and _find(header, (*_STEP, *_BATCH)) is not None
        self.runs = Runs(head, form, "step" if by_step else "epoch")
        counters = {self.step, self.epoch}
        self.metrics = [
            (at, name.strip())
            for at, name in enumerate(header)
            if at not in counters and name.strip() and meaning(name) is not None
        ]
        self.row = 0

    def _counts_up(self, head: Head, column: int) -> bool:
        """False for a batch number, which starts again in every epoch."""
        delimiter = _delimiter(_first_row(head))
        seen: list[float] = []
        for row in head.text.splitlines():
            cells = _cells(row, delimiter)
            value = number(cells[column]) if len(cells) == len(self.header) else None
            if value is not None:
                seen.append(value)
        falls = sum(after < before for before, after in pairwise(seen))
        return bool(seen) and falls <= max(1, len(seen) // 50)

    def take(self, line: int, cells: list[str], whole: bool) -> None:
        """One row of cells."""
        if len(cells) != len(self.header):
            if cells and cells[0].startswith("=======") and self.runs.now.points:
                # the other side of a merge conflict is another version of the same run
                self.runs.start()
                self.row = 0
            return
        if cells == self.header:
            if self.step is None and self.epoch is None:
                self.runs.start()
                self.row = 0
            return
        counter = self._counter_of(cells)
        if counter is None and self.step is None and self.epoch is None:
            counter = float(self.row)
        values = [(name, number(cells[at])) for at, name in self.metrics]
        if not whole and self.metrics and self.metrics[-1][0] == len(cells) - 1:
            # the last cell of an unclosed row may be half a number
            values.pop()
        found = [(name, value) for name, value in values if value is not None]
        if not found:
            return
        if counter is not None:
            self.runs.count(counter)
        self.row += 1
        step = counter if counter is not None else self.runs.now.last
        for name, value in found:
            self.runs.now.add(name, step, value, line, contextual=self.batches)

    def _counter_of(self, cells: list[str]) -> float | None:
        column = self.step if self.step is not None else self.epoch
        value = number(cells[column]) if column is not None else None
        return value if value is not None and abs(value) < 1e15 else None


def _rows(stream: Stream, delimiter: str) -> Iterator[tuple[int, list[str], bool]]:
    for line in stream.lines():
        # old Mac line ends leave the whole file as one line
        for part in line.text.split("\r"):
            if part.strip():
                yield line.number, _cells(part, delimiter), line.whole


def _first_row(head: Head) -> str:
    for row in head.text.splitlines():
        if row.strip():
            return row
    raise Unreadable("no row of text")


def _cells(row: str, delimiter: str) -> list[str]:
    row = row.rstrip("\r").replace("\0", "")
    if '"' not in row:
        return [cell.strip() for cell in row.split(delimiter)]
    try:
        return [cell.strip() for cell in next(csv.reader([row], delimiter=delimiter), [])]
    except csv.Error:
        return []


def _delimiter(row: str) -> str:
    return max(_DELIMITERS, key=row.count)


def _find(header: list[str], names: tuple[str, ...]) -> int | None:
    plain = ["_".join(words(cell)) for cell in header]
    return next((plain.index(name) for name in names if name in plain), None)


def _counter(header: list[str]) -> int | None:
    found = _find(header, _STEP)
    return found if found is not None else _find(header, _EPOCH)


def _unnamed(width: int) -> list[str]:
    return [f"column {position}" for position in range(3, width + 1)]


READER = Reader("csv-training-log", recognise, read)
