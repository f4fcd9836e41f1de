"""Parquet files, sound or damaged."""

from __future__ import annotations

import polars as pl

from ml_debugger.readers.head import Head
from ml_debugger.readers.reader import Reader, Reading, Unreadable
from ml_debugger.readers.tables.checksums import bad_page
from ml_debugger.readers.tables.classify import artifacts_of
from ml_debugger.readers.tables.damage import POLARS_ERRORS, sentence, unreadable
from ml_debugger.readers.tables.table import open_frame

MAGIC = b"PAR1"
VERIFIED_BYTES = 16 * 2**20
"""Files up to this size are decoded whole at once; a larger one when a check meets damage in it."""
HELD_BYTES = 256 * 2**20
"""Of a damaged file up to this size the sound rows are kept in memory."""


def recognise(head: Head) -> str | None:
    """`parquet` by the four bytes at the beginning."""
    return "parquet" if head.start.startswith((MAGIC, b"PARE")) else None


def read(head: Head, _kind: str) -> Reading:
    """Read one Parquet file; of a damaged one, the row groups before the damage."""
    if head.start.startswith(b"PARE"):
        raise Unreadable("the Parquet file is encrypted")
    with head.file.open("rb") as stream:
        stream.seek(max(0, head.size - 4))
        tail = stream.read(4)
    if head.size < 12 or tail != MAGIC:
        raise Unreadable(f"truncated: {head.size:,} bytes and no Parquet footer at the end")
    whole = head.suspect or head.size <= VERIFIED_BYTES
    try:
        return _reading(head, whole=whole)
    except Unreadable:
        if whole:
            raise
        # the damage lay in the rows that tell what the table is: keep what stands before it
        return _reading(head, whole=True)


def _reading(head: Head, *, whole: bool) -> Reading:
    with unreadable("the Parquet file is damaged"):
        frame = pl.scan_parquet(head.file, glob=False, hive_partitioning=False)
        rows = int(frame.select(pl.len()).collect().item())
        frame.collect_schema()
    problem = None
    if whole:
        frame, rows, problem = _verified(frame, rows, held=head.size <= HELD_BYTES)
        problem = problem or bad_page(head.file)
    with unreadable("the Parquet file is damaged"):
        table = open_frame(frame, shown=head.shown, stem=head.stem, rows=rows, typed=True)
        return Reading(artifacts_of(table), problem, content=table.content)


def _verified(
    frame: pl.LazyFrame, rows: int, *, held: bool
) -> tuple[pl.LazyFrame, int, str | None]:
    """Decode every page; where that fails, keep the rows before the damage."""
    damage = _damage(frame)
    if damage is None:
        return frame, rows, None
    # halve the range until the first bad row lies within one small step
    sound, bad = 0, rows
    while bad - sound > max(1, rows // 256):
        middle = (sound + bad) // 2
        if _damage(frame.head(middle)) is None:
            sound = middle
        else:
            bad = middle
    if sound == 0:
        raise Unreadable(f"the Parquet file is damaged: {damage}")
    problem = f"damaged after row {sound:,} of {rows:,}: {damage}"
    kept = frame.head(sound)
    return kept.collect().lazy() if held else kept, sound, problem


def _damage(frame: pl.LazyFrame) -> str | None:
    try:
        # streaming decodes every page even where only nulls are counted
        frame.select(pl.all().null_count()).collect(engine="streaming")
    except POLARS_ERRORS as error:
        return sentence(error)
    return None


READER = Reader("parquet", recognise, read, (".parquet", ".pq"))
