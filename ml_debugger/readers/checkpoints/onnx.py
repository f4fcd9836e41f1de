"""ONNX models: the fields of the protobuf message, walked without a schema compiler.

Field numbers: `onnx/onnx.proto` of onnx/onnx (ModelProto, GraphProto, TensorProto); wire format:
the Protocol Buffers encoding guide.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from ml_debugger.artifacts import Tensor
from ml_debugger.readers.checkpoints.describing import describe
from ml_debugger.readers.checkpoints.spans import Span, View, look
from ml_debugger.readers.head import Head
from ml_debugger.readers.reader import Reader, Reading

_MODEL_FIELDS = frozenset({1, 2, 3, 4, 5, 6, 7, 8, 14, 20, 25, 26})
_GRAPH, _OPSETS, _NODE, _INITIALIZER = 7, 8, 1, 5
_DTYPES = {
    1: "FLOAT", 2: "UINT8", 3: "INT8", 4: "UINT16", 5: "INT16", 6: "INT32", 7: "INT64",
    9: "BOOL", 10: "FLOAT16", 11: "DOUBLE", 12: "UINT32", 13: "UINT64", 16: "BFLOAT16",
}  # fmt: skip
_RAW = 9
_PACKED = {4: "FLOAT", 10: "DOUBLE"}
"""Fields with plain bytes: those of any type, and packed numbers whose type came before them."""

_MAX_TENSORS = 100_000
_FIXED = {1: 8, 5: 4}

MAX_FIELDS = 2_000_000
"""Fields walked in one message: about four seconds."""


class Field(NamedTuple):
    """One field: `value` is the number, or the length of what follows at `at`."""

    number: int
    value: int
    at: int
    wire: int


class BrokenProtobufError(Exception):
    """The message breaks the wire format; the text says where."""


def recognise(head: Head) -> str | None:
    """By the version number that opens the message, or the fields of the first kilobyte."""
    if len(head.start) < 4 or head.start[0] != 0x08 or not 1 <= head.start[1] <= 30:
        return None
    key = head.start[2]
    plausible = key >> 3 in _MODEL_FIELDS and key & 7 in (0, 2)
    return "onnx" if (plausible and head.encoding is None) or head.suffix == ".onnx" else None


def read(head: Head, kind: str) -> Reading:
    """Walk over the fields of model and graph to the end of the file."""
    details: dict[str, str] = {}
    tensors: list[Tensor] = []
    spans: list[Span] = []
    seen: set[int] = set()
    with head.file.open("rb") as stream:
        try:
            for number, value, at, _ in _fields(stream, 0, head.size):
                seen.add(number)
                if number not in _MODEL_FIELDS:
                    raise BrokenProtobufError(f"field {number} before byte {at:,} is none of ONNX")
                if number == 1:
                    details["ir_version"] = str(value)
                elif number in (2, 3):
                    stream.seek(at)
                    name = "producer" if number == 2 else "producer_version"
                    details[name] = stream.read(min(value, 200)).decode("utf-8", "replace")
                elif number == _GRAPH:
                    details["nodes"] = str(_graph(stream, at, at + value, tensors, spans))
        except BrokenProtobufError as error:
            return describe(head, kind, str(error), tensors=tensors, details=details)
    missing = [n for n, field in (("graph", _GRAPH), ("opset", _OPSETS)) if field not in seen]
    problem = f"is cut short: no {missing[0]} in the model" if missing else None
    looked = look(head.file, spans)
    details.update(looked.details)
    return describe(head, kind, problem, tensors=tensors, details=details, figures=looked.figures)


def _graph(stream: BinaryIO, start: int, end: int, tensors: list[Tensor], spans: list[Span]) -> int:
    nodes = 0
    for number, value, at, _ in _fields(stream, start, end):
        nodes += number == _NODE
        if number == _INITIALIZER and len(tensors) < _MAX_TENSORS:
            tensor, raw = _tensor(stream, at, at + value)
            tensors.append(tensor)
            if raw is not None:
                view = View(tensor.name, tensor.dtype, tensor.shape)
                spans.append(Span(raw[0], raw[1], (view,), name=tensor.name))
    return nodes


def _tensor(stream: BinaryIO, start: int, end: int) -> tuple[Tensor, tuple[int, int] | None]:
    """A tensor, and the place and length of its values where they are stored as plain bytes."""
    name, dtype = "", ""
    raw: tuple[int, int] | None = None
    shape: list[int] = []
    for number, value, at, wire in _fields(stream, start, end):
        if number == 1:
            shape += _packed(stream, at, value) if wire == 2 else [value]
        elif number == 2:
            dtype = _DTYPES.get(value, str(value))
        elif number == 8:
            stream.seek(at)
            name = stream.read(min(value, 1000)).decode("utf-8", "replace")
        elif number == _RAW or (wire == 2 and _PACKED.get(number) == dtype):
            raw = (at, value)
    return Tensor(name, dtype, tuple(shape)), raw if raw and raw[1] > 0 else None


def _packed(stream: BinaryIO, start: int, length: int) -> list[int]:
    stream.seek(start)
    numbers: list[int] = []
    while stream.tell() < start + length and len(numbers) < 64:
        numbers.append(_varint(stream, start + length))
    return numbers


def _fields(stream: BinaryIO, start: int, end: int) -> Iterator[Field]:
    at = start
    for _ in range(MAX_FIELDS):
        if at >= end:
            return
        stream.seek(at)
        key = _varint(stream, end)
        wire = key & 7
        value = 0
        if wire in (0, 2):
            value = _varint(stream, end)
        elif wire not in _FIXED:
            raise BrokenProtobufError(f"wire type {wire} at byte {at:,}: no protobuf message")
        place = stream.tell()
        at = place + (value if wire == 2 else _FIXED.get(wire, 0))
        if at > end:
            raise BrokenProtobufError(f"is cut short: {at - end:,} bytes are missing")
        yield Field(key >> 3, value, place, wire)


def _varint(stream: BinaryIO, end: int) -> int:
    value = 0
    for shift in range(0, 70, 7):
        byte = stream.read(1)
        if not byte or stream.tell() > end:
            raise BrokenProtobufError(f"is cut short at byte {stream.tell():,}")
        value |= (byte[0] & 0x7F) << shift
        if byte[0] < 0x80:
            return value
    raise BrokenProtobufError(f"a number without end before byte {stream.tell():,}")


READER = Reader("onnx", recognise, read, (".onnx",))
