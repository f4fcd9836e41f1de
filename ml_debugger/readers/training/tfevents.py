"""TensorBoard event files: the scalars of all steps, old style and tensor style.

The field numbers are those of TensorFlow's event.proto, summary.proto and tensor.proto.
"""

from __future__ import annotations

import gzip
import struct
import zlib
from datetime import UTC, datetime
from pathlib import PurePath
from typing import IO, cast

from ml_debugger.readers.head import Head
from ml_debugger.readers.reader import Reader, Reading
from ml_debugger.readers.training.curves import Run, Runs
from ml_debugger.readers.training.names import TEST, VALIDATION, words
from ml_debugger.readers.training.protobuf import Malformed, fields, float32, float64, signed
from ml_debugger.readers.training.tfrecord import Records, masked_crc32c

FORMAT = "TensorBoard events"
_FLOAT, _DOUBLE = 1, 2


def recognise(head: Head) -> str | None:
    """The format's name for a record whose length is 24 or so and whose checksum holds."""
    start = head.start
    if len(start) < 16:
        return None
    length, crc = struct.unpack("<QI", start[:12])
    # the first record of an event file is its version, "brain.Event:2"
    if length > 4096 or masked_crc32c(start[:8]) != crc:
        return None
    return FORMAT if b"brain.Event:" in start[12 : 12 + length] else None


def read(head: Head, form: str) -> Reading:
    """One training run; damaged records are named and passed over."""
    runs = Runs(head, form, "step")
    problem = None
    with _open(head) as stream:
        records = Records(stream)
        try:
            for data in records:
                try:
                    _event(runs.now, data, records.number)
                except Malformed as error:
                    records.problem = f"record {records.number}: {error}"
        except (EOFError, OSError, zlib.error) as error:
            if not head.gzipped:
                raise
            problem = f"the gzip data breaks off: {error}"
    return runs.reading(
        problem or records.problem,
        records.number if records.problem else None,
        measured_on=_measured_on(head.shown),
        allow_empty=True,
    )


def _event(run: Run, data: bytes, number: int) -> None:
    step = 0
    summaries: list[bytes] = []
    for field, value in fields(data):
        if field == 1 and isinstance(value, bytes) and "started" not in run.facts:
            run.facts["started"] = _time(float64(value))
        elif field == 2 and isinstance(value, int):
            step = signed(value)
        elif field == 5 and isinstance(value, bytes):
            summaries.append(value)
    for summary in summaries:
        for field, value in fields(summary):
            if field == 1 and isinstance(value, bytes):
                _value(run, value, step, number)


def _value(run: Run, data: bytes, step: int, number: int) -> None:
    tag = ""
    scalar: float | None = None
    for field, value in fields(data):
        if not isinstance(value, bytes):
            continue
        if field == 1:
            tag = value.decode("utf-8", "replace")[:200]
        elif field == 2:
            scalar = float32(value)
        elif field == 8:
            scalar = _tensor(value)
    if tag and scalar is not None:
        run.add(tag, float(step), scalar, number)


def _tensor(data: bytes) -> float | None:
    """The value of a tensor that holds one float or double; None for any other."""
    kind = 0
    content = b""
    for field, value in fields(data):
        if field == 1 and isinstance(value, int):
            kind = value
        elif field in (4, 5, 6) and isinstance(value, bytes):
            content = value
        elif (
            field == 2
            and isinstance(value, bytes)
            and any(dimension != 1 for dimension in _dimensions(value))
        ):
            return None
    if kind == _FLOAT and len(content) == 4:
        return float32(content)
    return float64(content) if kind == _DOUBLE and len(content) == 8 else None


def _dimensions(shape: bytes) -> list[int]:
    sizes: list[int] = []
    for field, value in fields(shape):
        if field == 2 and isinstance(value, bytes):
            sizes.extend(s for f, s in fields(value) if f == 1 and isinstance(s, int))
    return sizes


def _time(seconds: float) -> datetime | None:
    return datetime.fromtimestamp(seconds, UTC) if 0 < seconds < 1e11 else None


def _measured_on(shown: str) -> str:
    """Keras writes its two event files into the folders train and validation."""
    folder = words(PurePath(shown).parent.name)
    if not VALIDATION.isdisjoint(folder):
        return "val"
    return "test" if not TEST.isdisjoint(folder) and len(folder) == 1 else ""


def _open(head: Head) -> IO[bytes]:
    if head.gzipped:
        return cast("IO[bytes]", gzip.open(head.file))
    return head.file.open("rb")


READER = Reader("tensorboard-events", recognise, read, suffixes=())
