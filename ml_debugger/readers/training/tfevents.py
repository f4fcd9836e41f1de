"""TensorBoard event files: the scalars of all steps, old style and tensor style."""

from __future__ import annotations

import gzip
import struct
import zlib
from datetime import UTC, datetime
from pathlib import PurePath
from typing import IO, cast

from ml_debugger.artifacts import TrainingConfig
from ml_debugger.readers.head import Head
from ml_debugger.readers.reader import Reader, Reading
from ml_debugger.readers.training.crc32c import masked_crc32c
from ml_debugger.readers.training.curves import Runs
from ml_debugger.readers.training.event_settings import settings
from ml_debugger.readers.training.names import TEST, VALIDATION, words
from ml_debugger.readers.training.scalar_events import Scalars
from ml_debugger.readers.training.tfrecord import Records

FORMAT = "TensorBoard events"
_LATEST = 1e11


def recognise(head: Head) -> str | None:
    """The format's name for a first record that is the version of an event file.

    The first record is a short one that says "brain.Event:2". Its length must hold against its
    checksum, or the name must say that it is an event file.
    """
    start = head.start
    if len(start) < 16:
        return None
    length, crc = struct.unpack("<QI", start[:12])
    if length <= 4096 and b"brain.Event:" in start[12 : 12 + length]:
        sound = masked_crc32c(start[:8]) == crc
        return FORMAT if sound or ".tfevents." in head.file.name else None
    return None


def read(head: Head, form: str) -> Reading:
    """One training run, and the settings that the file keeps; damaged records are named."""
    runs = Runs(head, form, "step")
    scalars = Scalars(runs.now)
    broken = None
    with _open(head) as stream:
        records = Records(stream)
        try:
            for batch in records:
                scalars.take(batch, records)
        except (EOFError, OSError, zlib.error) as error:
            if not head.gzipped:
                raise
            broken = f"the gzip data breaks off: {error}"
    facts = runs.now.facts
    if scalars.started is not None and 0 < scalars.started < _LATEST:
        facts["started"] = datetime.fromtimestamp(scalars.started, UTC)
    values = settings(scalars.settings)
    planned = values.get("max_steps")
    if isinstance(planned, int) and planned > 0:
        facts["planned_steps"] = planned
    reading = runs.reading(
        broken or records.problem,
        records.first_bad,
        measured_on=_measured_on(head.shown),
        allow_empty=True,
    )
    if not values:
        return reading
    config = TrainingConfig(head.shown, head.shown, format="training-arguments", values=values)
    return Reading([*reading.artifacts, config], reading.problem, reading.line)


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
