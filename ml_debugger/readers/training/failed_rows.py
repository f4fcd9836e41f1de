"""Tables of runs in which a column holds the errors that runs ended with: sweeps, job lists."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence

from ml_debugger.artifacts import LogText, Passage
from ml_debugger.readers.head import Head
from ml_debugger.readers.reader import Reader, Reading
from ml_debugger.readers.training.birth import written_at
from ml_debugger.readers.training.stream import Stream

FORMAT = "table of runs with errors"
MAX_BYTES = 16 << 20

_NAMES = re.compile(
    r"(?i)^(?:error|err|reason|exception|message|error_?message|error_?msg|"
    r"fail(?:ure)?(?:_?reason)?|"
    r"traceback|status_?message|exc_info|stderr)$"
)
_STATUS = re.compile(r"(?i)^(?:status|state|result|outcome)$")
_FAILED = re.compile(r"(?i)^(?:error(?:ed)?|fail(?:ed|ure)?|crash(?:ed)?|exception|oom|killed)$")
_ERROR = re.compile(
    r"^\s*(?:Traceback \(most recent|(?:\w+\.)*\w*(?:Error|Exception|Interrupt)\b|CUDA |Killed)"
)
_NUMBERS = re.compile(r"0x[0-9a-fA-F]+|\d+(?:\.\d+)?")


def recognise(head: Head) -> str | None:
    """The format's name for delimited text with a column of error messages."""
    if head.encoding is None or head.size > MAX_BYTES or head.gzipped:
        return None
    first = head.text.partition("\n")[0]
    delimiter = "\t" if first.count("\t") > first.count(",") else ","
    if first.count(delimiter) < 2:
        return None
    header = [name.strip().strip('"') for name in first.split(delimiter)]
    columns = [at for at, name in enumerate(header) if _NAMES.match(name)]
    if not columns:
        return None
    rows = csv.reader(io.StringIO(head.text), delimiter=delimiter)
    try:
        for row in rows:
            if len(row) == len(header) and any(_ERROR.match(row[at]) for at in columns):
                return FORMAT
    except csv.Error:
        return None
    return None


def read(head: Head, form: str) -> Reading:
    """One passage for each kind of error, with the number of rows that hold it."""
    stream = Stream(head)
    text = "".join(stream.pieces())
    first = text.partition("\n")[0]
    delimiter = "\t" if first.count("\t") > first.count(",") else ","
    rows = csv.reader(io.StringIO(text), delimiter=delimiter)
    found: dict[str, Passage] = {}
    problem = stream.problem
    count = failed = 0
    header: list[str] | None = None
    at_line = 1
    try:
        for row in rows:
            line, at_line = at_line, rows.line_num + 1
            if header is None:
                header = [name.strip() for name in row]
                continue
            if len(row) != len(header):
                continue
            count += 1
            message = _message(header, row)
            if message is None:
                continue
            failed += 1
            _keep(found, message, line)
    except csv.Error as error:
        problem = problem or f"is no whole table: {error}"
    log = LogText(
        head.shown,
        head.shown,
        form,
        max(0, at_line - 1),
        tuple(sorted(found.values(), key=lambda passage: passage.line)),
        written=written_at(head),
        details={"runs": str(count), "failed_runs": str(failed)},
    )
    return Reading([log], problem)


def _message(header: Sequence[str], row: Sequence[str]) -> str | None:
    """The error of a row; None for a run that ended well."""
    status = [row[at].strip() for at, name in enumerate(header) if _STATUS.match(name)]
    if status and not any(_FAILED.match(value) for value in status):
        return None
    cells = [row[at] for at, name in enumerate(header) if _NAMES.match(name)]
    return next((cell for cell in cells if _ERROR.match(cell)), None)


def _keep(found: dict[str, Passage], message: str, line: int) -> None:
    lines = tuple(text.rstrip()[:1_000] for text in message.splitlines() if text.strip())[:40]
    key = _NUMBERS.sub("0", lines[0])[:80]
    known = found.get(key)
    if known is None and len(found) < 300:
        kind = "traceback" if lines[0].startswith("Traceback") else "error"
        found[key] = Passage(line, kind, lines, last=line, ended=True)
    elif known is not None:
        found[key] = Passage(
            known.line, known.kind, known.lines, known.count + 1, last=line, ended=True
        )


READER = Reader("failed-rows", recognise, read)
