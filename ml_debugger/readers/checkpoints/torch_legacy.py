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
from ml_debugger.readers.checkpoints.torch_state import TorchState, state_of
from ml_debugger.readers.checkpoints.torch_zip import torch_details
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
        state = state_of(program)
        problem = _cut_storage(stream, head.size, keys, state)
    return describe(
        head,
        kind,
        problem,
        tensors=state.tensors,
        epoch=state.epoch,
        step=state.step,
        details=torch_details(program, state),
    )


def _cut_storage(stream: BinaryIO, size: int, keys: object, state: TorchState) -> str | None:
    item_bytes = {storage.key: storage.item_bytes for storage in state.storages}
    for key in keys if isinstance(keys, list) else []:
        count = stream.read(8)
        if len(count) < 8:
            return f"is cut short: the values of storage {key} are missing"
        end = stream.tell() + int.from_bytes(count, "little") * item_bytes.get(str(key), 1)
        if end > size:
            return f"is cut short: {end - size:,} bytes of storage {key} are missing"
        stream.seek(end)
    return None


READER = Reader("torch-legacy", recognise, read)
