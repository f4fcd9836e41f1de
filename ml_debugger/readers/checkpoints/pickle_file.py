"""Pickles and joblib files, plain or compressed, followed as opcodes to their end."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from typing import Any

from ml_debugger.readers.checkpoints.describing import describe
from ml_debugger.readers.checkpoints.inflating import (
    DAMAGE,
    Bounded,
    TooLargeError,
    compression,
    open_plain,
)
from ml_debugger.readers.checkpoints.joblib_arrays import JoblibArrays
from ml_debugger.readers.checkpoints.machine import Machine
from ml_debugger.readers.checkpoints.opcodes import BrokenPickleError, OpcodeStream
from ml_debugger.readers.checkpoints.pickled_boosters import boosters_in
from ml_debugger.readers.checkpoints.pickled_histories import histories_in
from ml_debugger.readers.checkpoints.pickled_scalers import scalers_in
from ml_debugger.readers.checkpoints.symbols import Global
from ml_debugger.readers.head import Head
from ml_debugger.readers.reader import Reader, Reading

SUFFIXES = (".pkl", ".joblib")
_CLAIMS = (*SUFFIXES, ".pickle", ".p", ".dill", ".sav", ".pt", ".pth", ".ckpt", ".bin", ".model")
_MAX_PICKLES = 1_000
_IMPORT = re.compile(rb"[a-zA-Z_][\w.]*\n[a-zA-Z_][\w.]*")
_TRIED = 40
"""Opcodes that a text must hold before it is taken for a pickle of protocol 0."""


def recognise(head: Head) -> str | None:
    """By the protocol opcode; older pickles by name and their first opcodes."""
    compressed = head.suffix in SUFFIXES and _raw_compression(head) is not None
    binary = len(head.start) > 2 and head.start[0] == 0x80 and 2 <= head.start[1] <= 5
    if compressed or binary or (head.suffix in _CLAIMS and _follows(head.start)):
        return "joblib" if head.suffix == ".joblib" or b"joblib." in head.start else "pickle"
    return None


def read(head: Head, kind: str) -> Reading:
    """Follow every pickle of the file to its STOP."""
    packed = _raw_compression(head)
    details = {"compression": packed} if packed else {}
    if packed == "lz4":
        return describe(head, kind, details=details | {"read": "nothing: lz4 is not unpacked"})
    arrays, names, problem = JoblibArrays(), dict[Global, None](), None
    values: list[Any] = []
    with open_plain(head.file, packed) as stream:
        opcodes = OpcodeStream(Bounded(stream, packed))
        try:
            problem = _follow(opcodes, arrays, names, values, head, packed)
        except BrokenPickleError as error:
            problem = str(error)
        except TooLargeError:
            details["read"] = "the beginning only"
        except DAMAGE as error:
            problem = f"its {packed} compression is broken: {error}"
    names.update(dict.fromkeys(arrays.globals))
    details["globals"] = "\n".join(str(name) for name in names)
    reading = describe(head, kind, problem, tensors=arrays.tensors, details=details)
    scalers = [scaler for value in values for scaler in scalers_in(value, head.shown)]
    boosters = boosters_in(values, kind, head.shown)
    histories = histories_in(values, head)
    return replace(reading, artifacts=[*reading.artifacts, *scalers, *boosters, *histories])


def _follow(
    opcodes: OpcodeStream,
    arrays: JoblibArrays,
    names: dict[Global, None],
    values: list[Any],
    head: Head,
    packed: str | None,
) -> str | None:
    for number in range(_MAX_PICKLES):
        machine = Machine(opcodes, arrays.after_build)
        begin = opcodes.position
        try:
            program = machine.run()
        except BrokenPickleError as error:
            names.update(dict.fromkeys(machine.globals))
            # bytes behind a whole pickle that are none themselves do not keep it from loading
            return str(error) if number == 0 or machine.announced else None
        names.update(dict.fromkeys(program.globals))
        values.append(program.value)
        if not program.complete:
            return None if packed else _end(head)
        if (not packed and opcodes.position >= head.size) or opcodes.position == begin:
            return None
    return None


def _end(head: Head) -> str | None:
    """A pickle that is too long to follow must at least end with STOP."""
    with head.file.open("rb") as stream:
        stream.seek(-1, io.SEEK_END)
        return None if stream.read(1) == b"." else "is cut short: it does not end with STOP"


def _raw_compression(head: Head) -> str | None:
    return "gzip" if head.gzipped else compression(head.start)


def _follows(start: bytes) -> bool:
    """True where the first opcodes of a protocol 0 or 1 pickle can be followed."""
    opcodes = OpcodeStream(io.BytesIO(start))
    try:
        for number in range(_TRIED):
            read = opcodes.next()
            if read is None:
                return False
            if read[0] == "GLOBAL" and number == 0:
                return _IMPORT.fullmatch(read[1]) is not None
            if read[0] == "STOP":
                return number > 0
    except BrokenPickleError:
        return len(start) == 0
    return True


READER = Reader("pickle", recognise, read, SUFFIXES)
