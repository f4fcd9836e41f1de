"""JSON that no other reader knows: whether it is whole."""

from __future__ import annotations

import json

from ml_debugger.readers.head import Head
from ml_debugger.readers.reader import Reader, Reading, Unreadable

MAX_BYTES = 64 << 20
"""A larger file is taken as it is; parsing needs about ten times its size in memory."""


def recognise(head: Head) -> str | None:
    """By the name and the first character: other text may begin with a bracket."""
    opens = head.text.lstrip()[:1] in ("{", "[")
    return "json" if opens and head.suffix == ".json" else None


def read(head: Head, _kind: str) -> Reading:
    """Parse the file and keep nothing; raises Unreadable with the place where it breaks off."""
    if head.size > MAX_BYTES or head.gzipped:
        return Reading([])
    try:
        json.loads(head.file.read_bytes())
    except json.JSONDecodeError as error:
        raise Unreadable(f"is no whole JSON: {error.msg}", line=error.lineno) from error
    except (UnicodeDecodeError, RecursionError) as error:
        raise Unreadable(f"is no whole JSON: {error}") from error
    return Reading([])


READER = Reader("json", recognise, read, suffixes=(".json",))
