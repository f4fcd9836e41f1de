"""Recorded snapshots of a machine: JSON objects that name one of our schemas."""

from __future__ import annotations

import json

from ml_debugger.artifacts.recorded import SCHEMAS, RecordError, from_record
from ml_debugger.readers.head import Head
from ml_debugger.readers.reader import Reader, Reading, Unreadable

MAX_BYTES = 8 << 20


def recognise(head: Head) -> str | None:
    """By the schema that the object names in its first kilobytes."""
    if not head.text.lstrip().startswith("{"):
        return None
    start = head.text[:8000]
    return next((schema for schema in SCHEMAS if f'"{schema}"' in start), None)


def read(head: Head, _kind: str) -> Reading:
    """Read the snapshot; raises Unreadable where a field is missing or of a wrong type."""
    if head.size > MAX_BYTES:
        raise Unreadable(f"a snapshot of {head.size:,} bytes is larger than any that is read")
    try:
        return Reading([from_record(json.loads(head.file.read_bytes()), head.shown)])
    except RecordError as error:
        raise Unreadable(str(error)) from error
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"is no whole JSON: {error}") from error


READER = Reader("snapshot", recognise, read)
