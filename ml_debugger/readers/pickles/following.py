"""One part followed as pickles, to the end of the last of them."""

from __future__ import annotations

import re

from ml_debugger.readers.checkpoints.opcodes import BrokenPickleError, OpcodeStream
from ml_debugger.readers.pickles.parts import UNPACKING, Part, Readable
from ml_debugger.readers.pickles.record import Record, SpentError
from ml_debugger.readers.pickles.witness import OnBytes, Witness, WitnessedArrays

KEPT = 4_096
"""Bytes kept of one argument while the first 64 MiB of all are kept; names always fit."""

NAME = 160
MAX_KEPT = 64 << 20
_FILE = re.compile(rb"\x80[\x00-\x05]|PK\x03\x04|\x1f\x8b|\x93NUMPY")
"""How a file begins that a call may load from bytes: kept whole."""


class CutBytes(bytes):
    """The beginning of an argument; `length` is that of the whole."""

    length: int


class _Opcodes(OpcodeStream):
    """Opcodes of a part; what is not kept is walked over without reading where that is possible."""

    def __init__(self, source: Readable) -> None:
        super().__init__(source)
        self._readable = source

    def skip(self, count: int) -> None:
        gone = self._readable.skip(count)
        self.position += gone
        if gone < count:
            raise BrokenPickleError(f"ends after {self.position:,} bytes, before the pickle does")

    def counted(self, length: int) -> bytes:
        room = max(NAME, min(KEPT, MAX_KEPT - self._kept))
        data = self.take(min(length, room))
        if len(data) < length <= MAX_KEPT - self._kept and _FILE.match(data):
            data += self.take(length - len(data))
        self._kept += len(data)
        if len(data) == length:
            return data
        self.skip(length - len(data))
        cut = CutBytes(data)
        cut.length = length
        return cut


def follow(part: Part, record: Record, on_bytes: OnBytes, *, claimed: bool) -> bool:
    """Follow every pickle of a part. True where it is one.

    What breaks before it calls anything is taken for something else, unless it begins with the
    number of a protocol or is `claimed` to be a pickle by its name. A part that joblib wrote is
    followed a second time as plain pickles: bytes that joblib takes for an array are opcodes to
    `pickle.load`.
    """
    if _once(part, record, on_bytes, claimed=claimed, arrays=False) is None:
        return False
    record.pickles += 1
    if any(found.name.endswith("NumpyArrayWrapper") for found in record.imports):
        _once(part, record, on_bytes, claimed=claimed, arrays=True)
    return True


def _once(
    part: Part, record: Record, on_bytes: OnBytes, *, claimed: bool, arrays: bool
) -> bool | None:
    """None where the part is no pickle."""
    trial = Record.beside(record)
    stream = part.open()
    opcodes = _Opcodes(stream)

    def witness(source: OpcodeStream) -> Witness:
        return Witness(source, trial, part.name, on_bytes)

    taken = False
    try:
        while True:
            begin = opcodes.position
            joblib = WitnessedArrays(witness) if arrays else None
            machine = Witness(
                opcodes, trial, part.name, on_bytes, joblib.after_build if joblib else None
            )
            try:
                while not machine.run().complete:
                    # it stops now and then; the budget of the record ends it
                    continue
            except BrokenPickleError:
                taken = taken or _is_pickle(machine, whole=False, claimed=claimed)
                break
            taken = taken or _is_pickle(machine, whole=True, claimed=claimed)
            if opcodes.position == begin or (part.size or 0) == opcodes.position:
                break
    except SpentError as error:
        # nothing but a pickle is followed for so long
        taken = True
        trial.left_out(part.name, str(error))
    except UNPACKING as error:
        trial.left_out(part.name, f"cannot be unpacked: {type(error).__name__}")
    finally:
        stream.close()
    if taken:
        record.take_over(trial)
    return True if taken else None


def _is_pickle(machine: Witness, *, whole: bool, claimed: bool) -> bool:
    """Whether what was followed is a pickle and no text or table that begins like one."""
    if machine.announced or claimed:
        return whole or machine.imports > 0
    return machine.imports > 0 and (whole or machine.calls > 0)
