"""Arrow IPC files and streams, and Feather, which is the same."""

from __future__ import annotations

import polars as pl

from ml_debugger.readers.head import Head
from ml_debugger.readers.reader import Reader, Reading, Unreadable
from ml_debugger.readers.tables.classify import artifacts_of
from ml_debugger.readers.tables.damage import unreadable
from ml_debugger.readers.tables.table import open_frame

MAGIC = b"ARROW1"
STREAM = b"\xff\xff\xff\xff"
STREAM_BYTES = 2**30


def recognise(head: Head) -> str | None:
    """`arrow` for IPC files and Feather version 1; `arrow stream` by its first message."""
    if head.start.startswith((MAGIC, b"FEA1")):
        return "arrow"
    if head.start.startswith(STREAM) and head.suffix in READER.suffixes:
        return "arrow stream"
    return None


def read(head: Head, _kind: str) -> Reading:
    """Read one Arrow file."""
    if head.start.startswith(b"FEA1"):
        raise Unreadable("Feather version 1, which was given up in 2020: write it anew as Parquet")
    with unreadable("the Arrow file is damaged"):
        if head.start.startswith(STREAM):
            if head.size > STREAM_BYTES:
                raise Unreadable("an Arrow stream is read up to 1 GiB only")
            frame = pl.read_ipc_stream(head.file).lazy()
        else:
            frame = pl.scan_ipc(head.file, glob=False, hive_partitioning=False)
            # decoding every buffer once brings damage to light before any check does
            frame.select(pl.all().null_count()).collect(engine="streaming")
        table = open_frame(frame, shown=head.shown, stem=head.stem, typed=True)
        return Reading(artifacts_of(table), content=table.content)


READER = Reader("arrow", recognise, read, (".feather", ".arrow", ".ipc"))
