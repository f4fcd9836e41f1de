"""The shape of delimited text: delimiter, header rows, and whether it is a table at all."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from dataclasses import dataclass

from ml_debugger.readers.head import Head
from ml_debugger.readers.tables.columns import field_of, normal
from ml_debugger.readers.tables.numbers import MISSING

DELIMITERS = (",", ";", "\t", "|")
_LINES = 60
_PREAMBLE = 4
"""Lines of remarks that some vendors put before the header."""
_NUMBER = re.compile(
    r"^[+-]?[$€£]?(?:\d[\d,.]*|\.\d+)(?:[eE][+-]?\d+)?[%KMBkmb]?$|^[+-]?(?:nan|inf)$", re.I
)
_DATE = re.compile(
    r"^\d{4}[-/.]\d{1,2}([-/.]\d{1,2})?([T ]\d{1,2}[:\-]?.*)?$|^\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}"
    r"([T ]\d{1,2}:\d{2}[0-9:.]*( ?[AP]M)?)?$|^\d{1,2}[- ][A-Za-z]{3}[- ]\d{2,4}$"
    r"|^[A-Z][a-z]{2,8} \d{1,2},? \d{4}$|^\d{1,2}:\d{2}(:\d{2})?$"
)
_TRAINING = {
    "epoch",
    "epochs",
    "step",
    "steps",
    "global_step",
    "iteration",
    "iterations",
    "iter",
    "round",
    "batch",
    "wall_time",
    "train_loss",
    "val_loss",
    "valid_loss",
    "test_loss",
    "validation_loss",
    "loss",
}
_TABLE_KEYS = {"date", "datetime", "timestamp", "ticker", "symbol", "close", "open"}


@dataclass(frozen=True)
class Dialect:
    """How to read a delimited file.

    `names` are the column names; `skip` the lines before the data, `blank` those of them that
    are blank. `header` is "one", "none" or "two" (fields over tickers, as yfinance writes it).
    `panel` maps names to price field and ticker for a header of two levels. `before` counts the
    lines that stand before the header, `repeated` names the columns that it names twice.
    """

    delimiter: str
    names: tuple[str, ...]
    skip: int
    header: str
    panel: dict[str, tuple[str, str]]
    before: int = 0
    repeated: tuple[str, ...] = ()


def find_dialect(head: Head) -> Dialect | None:
    """The dialect of a table of numbers; None for prose, source, logs and training logs."""
    lines = _lines(head)
    skip = 0
    while lines and (not lines[0].strip() or lines[0].startswith(("#", "sep="))):
        lines.pop(0)
        skip += 1
    if lines and not any(line.strip() for line in lines[1:]):
        return _header_alone(lines[0], skip)
    if len(lines) < 2 or lines[0].lstrip()[:1] in ("{", "["):
        return None
    found = _delimiter(lines)
    if found is None:
        return None
    delimiter, rows = found
    width = Counter(map(len, rows)).most_common(1)[0][0]
    while len(rows[0]) != width and skip < _PREAMBLE:
        rows.pop(0)
        skip += 1
    if len(rows[0]) != width:
        return None
    two = _two_levels(rows)
    if two is not None:
        names, levels, panel = two
        return Dialect(delimiter, names, skip + levels, "two", panel)
    first = [cell.strip() for cell in rows[0]]
    if _is_header(first):
        if not _has_values(rows[1:]) or _is_training(first):
            return None
        repeated = tuple(name for name, count in Counter(first).items() if count > 1 and name)
        return Dialect(delimiter, _unique(first), skip + 1, "one", {}, skip, repeated)
    found_names = _headerless(rows)
    return None if found_names is None else Dialect(delimiter, found_names, skip, "none", {})


def _header_alone(line: str, skip: int) -> Dialect | None:
    """The dialect of a table without rows, known by columns that tables of this field have."""
    delimiter = max(DELIMITERS, key=line.count)
    names = [cell.strip().strip('"') for cell in line.split(delimiter)]
    known = {normal(name) for name in names} & _TABLE_KEYS
    if len(names) < 3 or len(known) < 2 or not _is_header(names) or _is_training(names):
        return None
    return Dialect(delimiter, _unique(names), skip + 1, "one", {}, skip)


def _lines(head: Head) -> list[str]:
    text = head.text
    lines = text.splitlines()
    if len(lines) > 1 and not text.endswith(("\n", "\r")) and len(head.start) < head.size:
        lines.pop()
    return lines[:_LINES]


def _delimiter(lines: list[str]) -> tuple[str, list[list[str]]] | None:
    """The delimiter under which most lines have the same number of fields, and their fields."""
    best: tuple[tuple[bool, int], str, list[list[str]]] | None = None
    for delimiter in DELIMITERS:
        try:
            rows = [r for r in csv.reader(io.StringIO("\n".join(lines)), delimiter=delimiter) if r]
        except csv.Error:
            continue
        widths = Counter(len(row) for row in rows)
        width, count = widths.most_common(1)[0]
        fits = count / len(rows)
        if width < 2 or fits < 0.9:
            continue
        # decimal commas make as many fields, but not in the header
        rank = (len(rows[0]) == width, width)
        if best is None or rank > best[0]:
            best = (rank, delimiter, rows)
    return None if best is None else (best[1], best[2])


def _number(cell: str) -> bool:
    return bool(_NUMBER.match(cell.strip().strip("'")))


def _value(cell: str) -> bool:
    return _number(cell) or bool(_DATE.match(cell.strip()))


def _is_header(cells: list[str]) -> bool:
    filled = [cell for cell in cells if cell]
    if not filled or any(len(cell) > 80 for cell in filled):
        return False
    values = sum(_value(cell) for cell in filled)
    # predictions written by pandas carry 0 as the name of their only column
    anonymous = cells[0] == "" and filled == [str(n) for n in range(len(filled))]
    return values == 0 or anonymous or (values <= 0.3 * len(filled) and not _value(cells[0]))


def _has_values(rows: list[list[str]]) -> bool:
    """Whether some column holds numbers or dates in nearly all of its filled cells."""
    for column in zip(*[row for row in rows if len(row) == len(rows[0])], strict=True):
        filled = [c for c in column if c.strip().lower() not in MISSING]
        if filled and sum(_number(c) for c in filled) >= 0.8 * len(filled):
            return True
    return False


def _is_training(header: list[str]) -> bool:
    names = {normal(cell) for cell in header}
    if names & _TABLE_KEYS and not names & {"epoch", "epochs", "loss", "train_loss"}:
        return False
    return bool(names & _TRAINING)


def _two_levels(
    rows: list[list[str]],
) -> tuple[tuple[str, ...], int, dict[str, tuple[str, str]]] | None:
    """Names, number of header rows and panel of a header of fields over tickers."""
    if len(rows) < 4 or len({len(row) for row in rows[:3]}) != 1:
        return None
    upper = [cell.strip() for cell in rows[0][1:]]
    lower = [cell.strip() for cell in rows[1][1:]]
    if not all(map(field_of, upper)):
        upper, lower = lower, upper
    if not all(map(field_of, upper)) or any(_value(cell) or not cell for cell in lower):
        return None
    if all(map(field_of, lower)):
        return None
    third = [cell.strip() for cell in rows[2]]
    levels = 3 if third[0] and not any(third[1:]) and not _value(third[0]) else 2
    first = third[0] if levels == 3 else "Date"
    single = len(set(lower)) == 1
    pairs = list(zip(upper, lower, strict=True))
    names = _unique([first, *(f if single else f"{f} {t}" for f, t in pairs)])
    panel = {
        name: (field_of(field) or field, ticker)
        for name, (field, ticker) in zip(names[1:], pairs, strict=True)
    }
    return names, levels, panel


def _headerless(rows: list[list[str]]) -> tuple[str, ...] | None:
    """Names for bars without a header, found by what open, high, low and close must obey."""
    width = len(rows[0])
    rows = [row for row in rows if len(row) == width]
    if width < 5:
        return None
    numeric = [all(_number(row[i]) for row in rows) for i in range(width)]
    dated = [all(_DATE.match(row[i].strip()) for row in rows) for i in range(width)]
    for start in range(width - 3):
        if not all(numeric[start : start + 4]):
            continue
        bars = [
            [float(re.sub(r"[^0-9.eE+-]", "", c)) for c in row[start : start + 4]] for row in rows
        ]
        if not _like_bars(bars):
            continue
        names = [f"column_{i + 1}" for i in range(width)]
        names[start : start + 4] = ["open", "high", "low", "close"]
        if start + 4 < width and numeric[start + 4]:
            names[start + 4] = "volume"
        before = [i for i in range(start) if dated[i] or numeric[i]]
        clocks = [i for i in before if dated[i]]
        if clocks:
            names[clocks[0]] = "date"
            if len(clocks) > 1:
                names[clocks[1]] = "time"
        elif before:
            names[before[0]] = "index"
        texts = [i for i in range(start) if not numeric[i] and not dated[i]]
        if texts:
            names[texts[0]] = "ticker"
        return tuple(names)
    return None


def _like_bars(bars: list[list[float]]) -> bool:
    """Whether rows of four obey what open, high, low and close do, mostly."""
    if any(high < low or low <= 0 or high > 2 * low for _, high, low, _ in bars):
        return False
    whole = sum(h >= max(o, c) and low <= min(o, c) for o, h, low, c in bars)
    spread = sum(high > low for _, high, low, _ in bars)
    return whole >= 0.5 * len(bars) and spread >= 0.5 * len(bars)


def _unique(names: list[str]) -> tuple[str, ...]:
    seen: Counter[str] = Counter()
    result = []
    for name in names:
        seen[name] += 1
        result.append(name if seen[name] == 1 else f"{name}_{seen[name]}")
    return tuple(result)
