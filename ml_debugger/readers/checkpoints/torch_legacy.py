"""Checkpoints of torch.save before PyTorch 1.6: four pickles, then the raw storages.

Layout: `_legacy_save` in `torch/serialization.py` of PyTorch 2.13. After a magic number, the
protocol and facts about the writing system come the object and the list of storage keys; each
storage is its number of elements (8 bytes) and its values.
"""

from __future__ import annotations

from typing import BinaryIO

from ml_debugger.readers.checkpoints.describing import describe
from ml_debugger.readers.checkpoints.machine import Machine
from ml_debugger.readers.checkpoints.opcodes import BrokenPickleError, OpcodeStream
from ml_debugger.readers.checkpoints.spans import Span, look
from ml_debugger.readers.checkpoints.torch_state import TorchState, state_of
from ml_debugger.readers.checkpoints.torch_zip import described
from ml_debugger.readers.head import Head
from ml_debugger.readers.reader import Reader, Reading

MAGIC = bytes.fromhex("8a0a6cfc9c46f9206aa85019")
"""The opcode LONG1 with torch's magic number 0x1950a86a20f9469cfc6c."""


def recognise(head: Head) -> str | None:
    """By the magic number in the first pickle."""
    return "torch-legacy" if MAGIC in head.start[:16] else None


def read(head: Head, kind: str) -> Reading:
    """Follow the pickles as opcodes and walk over the storages to the end of the file."""
    with head.file.open("rb") as stream:
        opcodes = OpcodeStream(stream)
        try:
            for _ in range(3):
                Machine(opcodes).run()
            program = Machine(opcodes).run()
            if not program.complete:
                return describe(head, kind, details={"read": "the beginning only"})
            keys = Machine(opcodes).run().value
        except BrokenPickleError as error:
            return describe(head, kind, str(error))
        state = state_of(program, head.file.name)
        problem, spans = _storages(stream, head.size, keys, state)
    looked = look(head.file, spans)
    return described(head, kind, problem, program, state, looked, looked.details)


def _storages(
    stream: BinaryIO, size: int, keys: object, state: TorchState
) -> tuple[str | None, list[Span]]:
    """Where the values of each storage lie, and which of them the file's end cuts off."""
    item_bytes = {storage.key: storage.item_bytes for storage in state.storages}
    spans: list[Span] = []
    for key in keys if isinstance(keys, list) else []:
        count = stream.read(8)
        if len(count) < 8:
            return f"is cut short: the values of storage {key} are missing", spans
        start = stream.tell()
        length = int.from_bytes(count, "little") * item_bytes.get(str(key), 1)
        if views := state.views.get(str(key)):
            spans.append(Span(start, min(length, size - start), views, name=str(key)))
        if start + length > size:
            missing = start + length - size
            return f"is cut short: {missing:,} bytes of storage {key} are missing", spans
        stream.seek(start + length)
    return None, spans


READER = Reader("torch-legacy", recognise, read)
