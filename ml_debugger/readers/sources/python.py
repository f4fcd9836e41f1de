"""Python source files, recognised by their ending or first line and by statements of Python."""

from __future__ import annotations

import re

from ml_debugger.artifacts import SourceCell, SourceFile
from ml_debugger.readers.head import Head
from ml_debugger.readers.reader import Reader, Reading
from ml_debugger.readers.sources.magics import without_magics
from ml_debugger.readers.sources.relevance import works_on_data

FORMAT = "Python source"
MAX_BYTES = 2 << 20
"""A larger file holds data, written as code by a program."""

_SHEBANG = re.compile(r"#![^\n]*\bpython[\d.]*\b")
_STATEMENT = re.compile(
    r"^[ \t]*(?:import [\w.]|from [\w.]+ import|(?:async )?def \w+|class \w+|@\w|"
    r"if .*:[ \t]*$|for .* in .*:|with .*:|while .*:|try:|return\b|print[ (]|"
    r"[\w.\[\]'\", ]+[-+*/|&]?=(?!=)|[\w.]+\()",
    re.M,
)


def recognise(head: Head) -> str | None:
    """By ending or first line, and at least one statement; a table named .py has none."""
    if head.encoding is None or head.gzipped:
        return None
    named = head.suffix in (".py", ".pyw")
    if not named and (head.suffix or _SHEBANG.match(head.text) is None):
        return None
    return FORMAT if _STATEMENT.search(head.text) else None


def read(head: Head, form: str) -> Reading:
    """The text; nothing where the code does not work on data."""
    if head.size > MAX_BYTES:
        problem = f"is larger than {MAX_BYTES >> 20} MiB: not read"
        return Reading([SourceFile(head.shown, head.shown, form, (), problem)])
    raw = head.start if head.size <= len(head.start) else head.file.read_bytes()[:MAX_BYTES]
    text = raw.decode(head.encoding or "utf-8", errors="replace").lstrip("\ufeff")
    if not works_on_data(text):
        return Reading([])
    cell = SourceCell(None, without_magics(text))
    return Reading([SourceFile(head.shown, head.shown, form, (cell,))])


READER = Reader("python-source", recognise, read)
