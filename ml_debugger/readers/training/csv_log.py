"""CSV logs of training: Lightning's metrics.csv, Keras' and fastai's CSVLogger, Ray's
progress.csv, exported scalars of TensorBoard, hand-written ones.

Without a header row a first column must count and the file's name must say that it is a log.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ml_debugger.readers.head import Head
from ml_debugger.readers.reader import Reader, Reading, Unreadable
from ml_debugger.readers.training.csv_cells import cells_of, delimiter_of, is_nothing, value_of
from ml_debugger.readers.training.csv_columns import (
    EPOCH,
    STEP,
    Columns,
    columns_of,
    find,
    unnamed_columns,
)
from ml_debugger.readers.training.curves import Runs
from ml_debugger.readers.training.cut_off import cut_off_at
from ml_debugger.readers.training.metric_records import role_prefix
from ml_debugger.readers.training.moments import duration, moment
from ml_debugger.readers.training.names import TRAIN, VALIDATION, is_loss, meaning, words
from ml_debugger.readers.training.stream import Stream

FORMAT = "CSV training log"
_LOG_NAME = re.compile(r"log|train|histor|metric|loss|epoch|progress", re.IGNORECASE)
_MAX_COLUMNS = 2_000
_LONG = ({"name", "metric", "tag", "key"}, {"value"})
_EXPORTED = ["wall time", "step", "value"]
_TAG = re.compile(r"(?:^|[-_.])tag[-_](.+)$")


def recognise(head: Head) -> str | None:
    """The format's name for rows of metrics under a header, or without one."""
    if head.encoding is None:
        return None
    rows = _table(head.text.splitlines()[:60])
    if len(rows) < 2:
        return None
    delimiter = delimiter_of(rows[0])
    cells = cells_of(rows[0], delimiter)
    if not 2 <= len(cells) <= _MAX_COLUMNS:
        return None
    body = [cells_of(row, delimiter) for row in rows[1:]]
    if _is_bare(cells, delimiter):
        # an unclosed last row may be short
        whole = [cells, *body] if len(body[-1]) == len(cells) else [cells, *body[:-1]]
        named = _LOG_NAME.search(head.stem)
        same = all(len(row) == len(cells) for row in whole)
        return FORMAT if named and same and unnamed_columns(whole, delimiter) else None
    body = [row for row in body if len(row) == len(cells)]
    if _is_exported(cells):
        return FORMAT if is_loss(_exported_tag(head)) or _TAG.search(head.stem) else None
    long = _long_columns(cells)
    if long is not None:
        named_losses = sum(is_loss(row[long[0]]) for row in body)
        counted = find(cells, (*STEP, *EPOCH)) is not None
        return FORMAT if counted and named_losses >= 2 else None
    return FORMAT if _is_log(cells, body, delimiter) else None


def _is_log(cells: list[str], body: list[list[str]], delimiter: str) -> bool:
    losses = [at for at, cell in enumerate(cells) if is_loss(cell)]
    counter = find(cells, STEP) if find(cells, STEP) is not None else find(cells, EPOCH)
    roles = {told.role for at in losses if (told := meaning(cells[at])) is not None}
    if not losses or (counter is None and len(roles) < 2):
        return False
    filled = [row[at] for row in body for at in losses if row[at] and not is_nothing(row[at])]
    known = sum(value_of(cell, delimiter) is not None for cell in filled)
    return bool(filled) and known >= len(filled) * 0.6


def read(head: Head, form: str) -> Reading:
    """Every run of the file.

    Marks of conflicts, rows of text and an unclosed last row are passed over; rows of another
    width are counted and named.
    """
    first = _first_row(head)
    delimiter = delimiter_of(first)
    stream = Stream(head)
    rows = _Rows(head, form, cells_of(first, delimiter), delimiter)
    for at, cells, whole in _rows(stream, delimiter):
        rows.take(at, cells, whole)
    return rows.reading(stream.problem)


class _Rows:
    """Turns rows into points under the present header."""

    def __init__(self, head: Head, form: str, header: list[str], delimiter: str) -> None:
        self._head = head
        self._delimiter = delimiter
        self._row = 0
        self._ragged: list[int] = []
        self._cut_off: int | None = None
        self._done = ""
        self._long = _long_columns(header)
        columns = self._columns(header)
        self.columns = columns
        self.runs = Runs(head, form, columns.unit)
        if _is_bare(header, delimiter):
            self.runs.details["header"] = "none: the second column is taken for the loss"

    def _columns(self, header: list[str]) -> Columns:
        sample = [cells_of(row, self._delimiter) for row in self._head.text.splitlines()]
        sample = [row for row in sample if len(row) == len(header) and row != header]
        if _is_bare(header, self._delimiter):
            found = unnamed_columns([header, *sample[:60]], self._delimiter)
            if found is None:
                raise Unreadable("rows without a header and without a counter")
            return found
        if _is_exported(header):
            return Columns(tuple(header), 1, None, False, ((2, _exported_tag(self._head)),), 0)
        return columns_of(header, sample, self._delimiter)

    def take(self, line: int, cells: list[str], whole: bool) -> None:
        """One row of cells."""
        columns = self.columns
        if len(cells) != len(columns.names):
            self._other_row(line, cells, whole)
            return
        if cells == list(columns.names) or self._is_header(cells):
            self._header_again(cells)
            return
        prefix = role_prefix(cells[columns.role]) if columns.role is not None else ""
        values = [
            (f"{prefix}{name}", value_of(cells[at], self._delimiter), cells[at])
            for at, name in self._metrics(cells)
        ]
        if not whole and columns.metrics and columns.metrics[-1][0] == len(cells) - 1:
            # the last cell of an unclosed row may be half a number
            values = values[:-1]
        found = [(name, value) for name, value, _ in values if value is not None]
        missing = [name for name, value, cell in values if value is None and is_nothing(cell)]
        if not found and not missing:
            return
        step = self._step(cells)
        self._row += 1
        for name, value in found:
            self.runs.now.add(name, step, value, line, contextual=columns.batches)
        for name in missing:
            self.runs.now.add_blank(name, step, line)
        self._times(cells, step, line)

    def _metrics(self, cells: list[str]) -> tuple[tuple[int, str], ...]:
        if self._long is None:
            return self.columns.metrics
        name, value = self._long
        return ((value, cells[name][:200]),) if meaning(cells[name]) is not None else ()

    def _step(self, cells: list[str]) -> float | None:
        columns = self.columns
        counter = None
        if columns.counter is not None:
            counter = value_of(cells[columns.counter], self._delimiter)
            counter = counter if counter is not None and abs(counter) < 1e15 else None
        elif columns.epoch is None and columns.step is None:
            counter = float(self._row)
        if counter is None:
            return self.runs.now.last
        run = self.runs.now
        self.runs.count(counter)
        if self.runs.now is not run:
            self._row = 0
        if columns.step is not None and columns.epoch is not None:
            epoch = value_of(cells[columns.epoch], self._delimiter)
            if epoch is not None:
                self.runs.now.details["last_epoch"] = f"{epoch:g}"
        return counter

    def _times(self, cells: list[str], step: float | None, line: int) -> None:
        columns = self.columns
        run, within = self.runs.now, columns.batches
        if columns.clock is not None and (when := moment(cells[columns.clock])) is not None:
            run.add("timestamp", step, when, line, contextual=within)
        if columns.durations is not None:
            seconds = duration(cells[columns.durations])
            if seconds is not None:
                run.add("step_time", step, seconds, line, contextual=within)
        if columns.done is not None:
            self._done = cells[columns.done].lower()

    def _other_row(self, line: int, cells: list[str], whole: bool) -> None:
        if cells and cells[0].startswith("=======") and self.runs.now.points:
            # the other side of a merge conflict is another version of the same run
            self._begin()
        elif self._is_header(cells):
            self._header_again(cells)
        elif whole and sum(value_of(cell, self._delimiter) is not None for cell in cells) >= 2:
            self._ragged.append(line)
        elif not whole:
            self._cut_off = line

    def _is_header(self, cells: list[str]) -> bool:
        """Whether a row in the midst is the header of another run with other columns."""
        if len(cells) < 2 or any(value_of(cell) is not None for cell in cells):
            return False
        counted = find(cells, (*STEP, *EPOCH)) is not None
        return counted and any(is_loss(cell) for cell in cells)

    def _header_again(self, cells: list[str]) -> None:
        if cells != list(self.columns.names):
            self.columns = self._columns(cells)
        if self.columns.counter is None:
            self._begin()

    def _begin(self) -> None:
        self.runs.start()
        self._row = 0

    def reading(self, problem: str | None) -> Reading:
        """The runs; says which rows could not be read."""
        if self._done == "true":
            self.runs.now.facts["finished"] = True
        line = None
        if self._ragged and problem is None:
            line = self._ragged[0]
            count = len(self._ragged)
            rows = "row has" if count == 1 else "rows have"
            problem = f"{count:,} {rows} other columns than the header"
        whole = self.runs.reading(problem, line, measured_on=_measured_on(self._head))
        return cut_off_at(self._cut_off, whole)


def _rows(stream: Stream, delimiter: str) -> Iterator[tuple[int, list[str], bool]]:
    for line in stream.lines():
        # old Mac line ends leave the whole file as one line
        for part in line.text.split("\r"):
            if part.strip() and not part.startswith("#"):
                yield line.number, cells_of(part, delimiter), line.whole


def _first_row(head: Head) -> str:
    rows = _table(head.text.splitlines())
    if not rows:
        raise Unreadable("no row of text")
    return rows[0]


def _table(rows: list[str]) -> list[str]:
    """The rows from the header on: remarks may stand before it, and it may be one itself."""
    told = [row for row in rows if row.strip()]
    first = next((at for at, row in enumerate(told) if not row.startswith("#")), 0)
    if first == 0:
        return told
    delimiter = delimiter_of(told[first])
    marked = told[first - 1].lstrip("# ")
    same = len(cells_of(marked, delimiter)) == len(cells_of(told[first], delimiter))
    if same and _is_bare(cells_of(told[first], delimiter), delimiter):
        return [marked, *told[first:]]
    return told[first:]


def _is_bare(cells: list[str], delimiter: str) -> bool:
    told = [cell for cell in cells if cell]
    return bool(told) and all(
        value_of(cell, delimiter) is not None or moment(cell) is not None for cell in told
    )


def _is_exported(cells: list[str]) -> bool:
    """The CSV that TensorBoard gives out for one tag."""
    return [cell.lower() for cell in cells] == _EXPORTED


def _exported_tag(head: Head) -> str:
    named = _TAG.search(head.stem)
    return (named.group(1) if named is not None else head.stem)[:200]


def _long_columns(cells: list[str]) -> tuple[int, int] | None:
    """The columns of name and value where each row holds one metric."""
    plain = [cell.lower() for cell in cells]
    names, values = ([at for at, cell in enumerate(plain) if cell in kind] for kind in _LONG)
    return (names[0], values[0]) if len(names) == 1 and len(values) == 1 else None


def _measured_on(head: Head) -> str:
    """CatBoost's test_error.tsv, and val_log.csv beside train_log.csv."""
    told = set(words(head.stem))
    if told & TRAIN:
        return ""
    return "val" if told & VALIDATION or head.stem == "test_error" else ""


READER = Reader("csv-training-log", recognise, read)
