"""Tables that skorch, fastai, YOLO and hand-written loops print: one header line, one row an epoch.

Columns are parted by two or more spaces, tabs or rules; the header may come again and again.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ml_debugger.readers.head import Head
from ml_debugger.readers.reader import Reader, Reading
from ml_debugger.readers.training.curves import Runs
from ml_debugger.readers.training.endings import HINTS, ending
from ml_debugger.readers.training.log_text import with_text
from ml_debugger.readers.training.names import is_loss, meaning, words
from ml_debugger.readers.training.nothing import NOTHING
from ml_debugger.readers.training.numbers import separated
from ml_debugger.readers.training.skeleton import decimal_commas
from ml_debugger.readers.training.stream import Stream, plain
from ml_debugger.readers.training.units import SIZES

FORMAT = "console table of epochs"
_RULES = str.maketrans("│┃║", "|||")
_GAP = re.compile(r"\s*\|\s*|\s{2,}|\t")
_PLACES = ("epoch", "ep", "step", "iter", "iteration", "round", "e", "epochs", "iteration_no")
_EPOCHS = ("epoch", "ep", "e", "epochs")
_DOCUMENT = (".md", ".rst", ".markdown")
_DOCUMENT_RULE = re.compile(r"\s*\|?\s*:?-{3,}:?\s*\|")
_SIZED = re.compile(r"([\d.]+)([KMG]i?B?)")
_COMMA_CELL = re.compile(r"(?<=[\s|])-?\d+,\d+(?=[\s|])")
_POINT_CELL = re.compile(r"(?<=[\s|])-?\d+\.\d+(?=[\s|])")
_MAX_LINE = 2_000


@dataclass(frozen=True, slots=True)
class _Header:
    names: tuple[str, ...]
    place: int

    @property
    def by_epoch(self) -> bool:
        return "_".join(words(self.names[self.place])) in _EPOCHS


@dataclass(frozen=True, slots=True)
class _Row:
    values: tuple[float | None, ...]
    blank: tuple[bool, ...]
    planned: float | None


def recognise(head: Head) -> str | None:
    """The format's name when at least two rows of numbers stand below a header with a loss."""
    if head.encoding is None:
        return None
    commas = _decimal_commas(head.text)
    header: _Header | None = None
    rows = 0
    for line in head.text.splitlines():
        text = plain(line[:_MAX_LINE])
        if head.suffix in _DOCUMENT and _DOCUMENT_RULE.match(text):
            return None
        found = _header(text)
        if found is not None:
            # YOLO prints its header anew above every epoch
            rows = rows if found == header else 0
            header = found
        elif header is not None and _row(text, header, commas) is not None:
            rows += 1
            if rows >= 2:
                return FORMAT
    return None


def read(head: Head, form: str) -> Reading:
    """The runs of the log; a counter that starts again begins a new run."""
    stream = Stream(head, listen=True)
    runs: Runs | None = None
    commas = _decimal_commas(head.text)
    header: _Header | None = None
    for line in stream.lines():
        # of a row that is drawn again and again, only the last state counts
        for text in reversed(plain(line.text).split("\r")):
            text = text[:_MAX_LINE]
            found = _header(text)
            if found is not None:
                header = found
                runs = runs or Runs(
                    head, form, "epoch" if found.by_epoch else "step", blank_from_first=True
                )
                break
            row = _row(text, header, commas) if header is not None and line.whole else None
            if row is not None and header is not None and runs is not None:
                _take(runs, header, row, line.number)
                break
            if runs is not None and runs.now.points and any(w in text.lower() for w in HINTS):
                ended = ending(text)
                if ended is not None:
                    runs.now.facts["finished"] = ended
    return with_text(
        (runs or Runs(head, form, "epoch")).reading(stream.problem), head, form, stream
    )


def _take(runs: Runs, header: _Header, row: _Row, line: int) -> None:
    counter = row.values[header.place]
    if counter is None:
        return
    if runs.now.last is None or counter > runs.now.last:
        runs.now.facts.pop("finished", None)
    runs.count(counter)
    if row.planned is not None and row.planned >= counter:
        runs.now.facts["planned_steps"] = int(row.planned)
    for at, name in enumerate(header.names):
        value = row.values[at]
        if at == header.place or meaning(name) is None:
            continue
        if value is not None:
            runs.now.add(name, counter, value, line)
        elif row.blank[at]:
            runs.now.add_blank(name, counter, line)


def _header(text: str) -> _Header | None:
    low = text.lower()
    if "loss" not in low and "损失" not in low and "verlust" not in low:
        return None
    text = text.translate(_RULES)
    cells = [cell for cell in _GAP.split(text.strip().strip("|").strip()) if cell]
    if not 3 <= len(cells) == len(set(cells)) or any(
        len(cell) > 40 or _number(cell, False) is not None for cell in cells
    ):
        return None
    place = next((at for at, cell in enumerate(cells) if _is_place(cell)), None)
    if place is None or not any(is_loss(cell) for cell in cells):
        return None
    # spaCy counts epochs in E and steps in #
    return _Header(tuple(cells), cells.index("#") if "#" in cells else place)


def _row(text: str, header: _Header, commas: bool) -> _Row | None:
    width = len(header.names)
    text, _, bar = text.translate(_RULES).partition("%|")
    written = [part.strip("+* ") for part in text.replace("|", " ").split()]
    cells = [cell for cell in written if cell]
    if bar:
        # YOLO draws the batches of the epoch behind its row: 640: 100%|###| 50/50
        cells = [cell.rstrip(":") for cell in cells[: max(width, 1)]]
    if not width - 1 <= len(cells) <= width:
        return None
    planned = None
    values: list[float | None] = []
    for at, cell in enumerate(cells):
        if at == header.place and "/" in cell:
            cell, _, total = cell.partition("/")
            planned = _number(total, commas)
        values.append(_number(cell, commas))
    blank = [cell.lower() in NOTHING for cell in cells]
    readable = sum(
        value is not None or nothing for value, nothing in zip(values, blank, strict=True)
    )
    if not values or values[0] is None or readable < width - 1:
        return None
    missing = width - len(values)
    return _Row((*values, *[None] * missing), (*blank, *[False] * missing), planned)


def _number(cell: str, commas: bool) -> float | None:
    value = separated(cell.rstrip("%"), commas)
    if value is None and (found := _SIZED.fullmatch(cell)) is not None:
        size = separated(found.group(1), commas)
        return None if size is None else size * SIZES[found.group(2).lower()]
    return value


def _decimal_commas(text: str) -> bool:
    cells = len(_COMMA_CELL.findall(text))
    return decimal_commas(text) or (cells >= 2 and _POINT_CELL.search(text) is None)


def _is_place(cell: str) -> bool:
    return "_".join(words(cell)) in _PLACES


READER = Reader("console-table", recognise, read)
"""Knows tables by their header; what stands around them is passed over."""
