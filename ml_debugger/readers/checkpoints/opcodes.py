"""Pickle opcodes, read from a stream in small pieces; nothing is built or called."""

from __future__ import annotations

import pickletools
import re
from collections.abc import Callable
from typing import Protocol

KEPT_BYTES = 4_096
"""Kept of one argument: no name, shape or dtype is longer."""

_BOOSTERS = re.compile(rb"\{L.{8}(Config|Model|learner)|tree\r?\n(version=|num_class=)", re.DOTALL)
"""How the boosted models begin that XGBoost and LightGBM put into pickles: these are kept whole."""

MAX_KEPT = 64 << 20
"""Bytes kept of all arguments together; past it they are only walked over."""

_CHUNK = 1 << 20
_LENGTH_BYTES = {
    pickletools.TAKEN_FROM_ARGUMENT1: 1,
    pickletools.TAKEN_FROM_ARGUMENT4: 4,
    pickletools.TAKEN_FROM_ARGUMENT4U: 4,
    pickletools.TAKEN_FROM_ARGUMENT8U: 8,
}
_NUMERIC_LINES = frozenset({"INT", "LONG", "FLOAT", "GET", "PUT"})


class ByteSource(Protocol):
    """Bytes that are read once, in order."""

    def read(self, size: int, /) -> bytes:
        """Up to `size` bytes; fewer only at the end."""
        ...


class BrokenPickleError(Exception):
    """The opcodes cannot be followed to their STOP; the text says where and why."""


class OpcodeStream:
    """Reads opcodes one by one. `position` counts bytes from where the stream was handed over."""

    def __init__(self, source: ByteSource) -> None:
        self._source = source
        self._kept = 0
        self.position = 0

    def next(self) -> tuple[str, bytes] | None:
        """The next opcode's name and raw argument, cut to 4 KiB; None at the end of the file.

        Raises BrokenPickleError for bytes that are no opcode and for arguments cut short.
        """
        code = self._source.read(1)
        if not code:
            return None
        self.position += 1
        opcode = _OPCODES.get(code)
        if opcode is None:
            raise BrokenPickleError(
                f"byte {self.position - 1:,} (0x{code[0]:02x}) is no pickle opcode"
            )
        name, argument = opcode
        return name, argument(self, name)

    def take(self, count: int) -> bytes:
        """Exactly `count` bytes; raises BrokenPickleError where the file ends before them."""
        data = self._source.read(count)
        self.position += len(data)
        if len(data) < count:
            raise BrokenPickleError(f"ends after {self.position:,} bytes, before the pickle does")
        return data

    def skip(self, count: int) -> None:
        """Walk over `count` bytes in chunks."""
        while count > 0:
            count -= len(self.take(min(count, _CHUNK)))

    def line(self) -> bytes:
        """The bytes up to the next newline, which is taken too."""
        parts = bytearray()
        while (byte := self.take(1)) != b"\n":
            if len(parts) < KEPT_BYTES:
                parts += byte
        return bytes(parts)

    def counted(self, length: int) -> bytes:
        """The beginning of an argument of `length` bytes; the rest is walked over."""
        room = min(KEPT_BYTES, max(0, MAX_KEPT - self._kept))
        data = self.take(min(length, room))
        if len(data) < length <= MAX_KEPT - self._kept and _BOOSTERS.match(data):
            data += self.take(length - len(data))
        self._kept += len(data)
        self.skip(length - len(data))
        return data


def _none(_stream: OpcodeStream, _name: str) -> bytes:
    return b""


def _line(stream: OpcodeStream, name: str) -> bytes:
    text = stream.line()
    if name in ("GLOBAL", "INST"):
        return text + b"\n" + stream.line()
    if name in _NUMERIC_LINES and not _is_number(text.rstrip(b"L")):
        raise BrokenPickleError(
            f"{name} before byte {stream.position:,} holds no number: {text[:20]!r}"
        )
    return text


def _is_number(text: bytes) -> bool:
    """True for what Python's own unpickler takes, hexadecimal numbers included."""
    for read in (float, lambda digits: int(digits, 0)):
        try:
            read(text)
        except ValueError:
            continue
        return True
    return False


def _fixed(count: int) -> Callable[[OpcodeStream, str], bytes]:
    return lambda stream, _name: stream.take(count)


def _counted(length_bytes: int) -> Callable[[OpcodeStream, str], bytes]:
    def argument(stream: OpcodeStream, _name: str) -> bytes:
        return stream.counted(int.from_bytes(stream.take(length_bytes), "little"))

    return argument


def _reader_of(opcode: pickletools.OpcodeInfo) -> Callable[[OpcodeStream, str], bytes]:
    if opcode.arg is None:
        return _none
    if opcode.arg.n == pickletools.UP_TO_NEWLINE:
        return _line
    if opcode.arg.n in _LENGTH_BYTES:
        return _counted(_LENGTH_BYTES[opcode.arg.n])
    return _fixed(opcode.arg.n)


_OPCODES = {
    opcode.code.encode("latin-1"): (opcode.name, _reader_of(opcode))
    for opcode in pickletools.opcodes
}
