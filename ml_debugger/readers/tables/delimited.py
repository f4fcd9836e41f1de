"""Delimited text: CSV and its relatives, plain or gzip, in any encoding and number notation."""

from __future__ import annotations

import gzip
import io
import zlib
from pathlib import Path

import polars as pl

from ml_debugger.readers.head import Head
from ml_debugger.readers.reader import Reader, Reading, Unreadable
from ml_debugger.readers.tables.classify import artifacts_of
from ml_debugger.readers.tables.columns import TICKER, normal
from ml_debugger.readers.tables.damage import POLARS_ERRORS, sentence, unreadable
from ml_debugger.readers.tables.dialect import Dialect, find_dialect
from ml_debugger.readers.tables.table import Table, open_frame

HELD_BYTES = 256 * 2**20
"""Text up to this size is parsed once and kept; beyond it every pass reads the file anew."""
INFLATED_BYTES = 2**30
"""The most that is taken out of a gzip file."""


def recognise(head: Head) -> str | None:
    """`csv` for a delimited table of numbers that is no training log."""
    if head.encoding is None or not head.text:
        return None
    return None if find_dialect(head) is None else "csv"


def read(head: Head, _kind: str) -> Reading:
    """Read a delimited table."""
    dialect = find_dialect(head)
    if dialect is None:
        raise Unreadable("no table: the lines differ in their number of fields")
    with unreadable("the table cannot be parsed"):
        table, problem, line = _open(head, dialect)
        return Reading(artifacts_of(table), problem, line, content=table.content)


def _open(head: Head, dialect: Dialect) -> tuple[Table, str | None, int | None]:
    problem: str | None = None
    line: int | None = None
    source: Path | bytes = head.file
    if head.gzipped:
        source, problem = _inflate(head.file)
    if head.encoding not in ("utf-8", None):
        raw = source if isinstance(source, bytes) else _whole(source)
        source = raw.decode(str(head.encoding), errors="replace").lstrip("\ufeff").encode()
    held = isinstance(source, bytes) or head.size <= HELD_BYTES
    if held:
        raw = source if isinstance(source, bytes) else source.read_bytes()
        raw, cut = _without_cut_row(raw, dialect)
        if cut is not None:
            problem, line = problem or f"the last row is cut off after {cut[1]} fields", cut[0]
        frame, ragged = _parse(raw, dialect)
        problem = problem or ragged
        lazy = frame.lazy()
    else:
        lazy = _scan(head.file, dialect)
    problems = _header_problem(dialect)
    table = open_frame(
        lazy,
        shown=head.shown,
        stem=head.stem,
        problems=problems,
        panel=dialect.panel,
        held=held,
        misread={**problems, **dict.fromkeys(dialect.repeated, "stands twice in the header")},
    )
    return table, problem, line


def _header_problem(dialect: Dialect) -> dict[str, str]:
    """What is irregular in the header, under `header`."""
    if dialect.header == "none":
        return {"header": "no header row: the columns were named by their content"}
    if dialect.header == "two":
        levels = dialect.skip
        return {"header": f"{levels} header rows (field, ticker) as yfinance writes them"}
    if dialect.before:
        lines = "line stands" if dialect.before == 1 else "lines stand"
        return {"header": f"{dialect.before} {lines} before the header"}
    return {}


def _overrides(dialect: Dialect) -> dict[str, type[pl.String]]:
    # 000001 as the code of a stock would lose its leading zeros
    return {name: pl.String for name in dialect.names if normal(name) in TICKER}


def _parse(raw: bytes, dialect: Dialect) -> tuple[pl.DataFrame, str | None]:
    """Parse with inferred types; where a late cell breaks them, as text for later casting."""
    if not raw.strip() or raw.rstrip().count(b"\n") < dialect.skip:
        return pl.DataFrame(schema=dict.fromkeys(dialect.names, pl.String)), None
    ragged = _ragged(raw, dialect)
    if ragged is None:
        try:
            frame = pl.read_csv(
                raw,
                has_header=False,
                new_columns=list(dialect.names),
                separator=dialect.delimiter,
                skip_rows=dialect.skip,
                infer_schema_length=10_000,
                schema_overrides=_overrides(dialect),
                glob=False,
            )
        except POLARS_ERRORS:
            frame = None
        if frame is not None and frame.width == len(dialect.names):
            return frame, None
    frame = pl.read_csv(
        raw,
        has_header=False,
        schema=dict.fromkeys(dialect.names, pl.String),
        separator=dialect.delimiter,
        skip_rows=dialect.skip,
        truncate_ragged_lines=True,
        encoding="utf8-lossy",
        quote_char='"' if raw.count(b'"') % 2 == 0 else None,
        glob=False,
    )
    return frame, ragged


def _ragged(raw: bytes, dialect: Dialect) -> str | None:
    """Rows with more or fewer fields than the header, counted where nothing is quoted."""
    if b'"' in raw:
        return None
    delimiter = dialect.delimiter.encode()
    expected = len(dialect.names) - 1
    lines = raw.count(b"\n") + (not raw.endswith(b"\n"))
    if raw.count(delimiter) == expected * lines:
        return None
    odd = [
        number
        for number, line in enumerate(raw.split(b"\n"), start=1)
        if number > dialect.skip and line.strip() and line.count(delimiter) != expected
    ]
    if not odd:
        return None
    return f"{len(odd)} rows have another number of fields than the header, first in line {odd[0]}"


def _scan(file: Path, dialect: Dialect) -> pl.LazyFrame:
    return pl.scan_csv(
        file,
        has_header=False,
        schema=dict.fromkeys(dialect.names, pl.String),
        separator=dialect.delimiter,
        skip_rows=dialect.skip,
        truncate_ragged_lines=True,
        encoding="utf8-lossy",
        glob=False,
    )


def _without_cut_row(raw: bytes, dialect: Dialect) -> tuple[bytes, tuple[int, int] | None]:
    """Drop a last row that a writer left unfinished; returns its line and number of fields."""
    if raw.endswith((b"\n", b"\r")) or b"\n" not in raw:
        return raw, None
    body, last = raw.rsplit(b"\n", 1)
    delimiter = dialect.delimiter.encode()
    fields = last.count(delimiter) + 1
    if not last.strip() or b'"' in last or fields >= len(dialect.names):
        return raw, None
    return body + b"\n", (body.count(b"\n") + 2, fields)


def _whole(file: Path) -> bytes:
    if file.stat().st_size > INFLATED_BYTES:
        raise Unreadable("text that is not UTF-8 is read up to 1 GiB only")
    return file.read_bytes()


def _inflate(file: Path) -> tuple[bytes, str | None]:
    """The decompressed text, and what is wrong with the compressed stream."""
    parts = io.BytesIO()
    try:
        with gzip.open(file) as stream:
            while part := stream.read1(2**20):
                parts.write(part)
                if parts.tell() > INFLATED_BYTES:
                    return _to_last_line(parts), "decompresses to over 1 GiB; the rest was left out"
    except (EOFError, OSError, zlib.error) as error:
        if not parts.tell():
            raise Unreadable(f"the gzip stream is damaged: {sentence(error)}") from error
        return _to_last_line(parts), f"the gzip stream is damaged: {sentence(error)}"
    return parts.getvalue(), None


def _to_last_line(parts: io.BytesIO) -> bytes:
    raw = parts.getvalue()
    return raw[: raw.rfind(b"\n") + 1]


READER = Reader("csv", recognise, read, (".csv", ".tsv", ".psv"))
