"""Checkpoints of torch.save since PyTorch 1.6: a zip archive with `data.pkl` and raw storages."""

from __future__ import annotations

import io

from ml_debugger.readers.checkpoints.describing import describe
from ml_debugger.readers.checkpoints.machine import Machine
from ml_debugger.readers.checkpoints.opcodes import BrokenPickleError, OpcodeStream
from ml_debugger.readers.checkpoints.symbols import Program
from ml_debugger.readers.checkpoints.torch_state import TorchState, state_of
from ml_debugger.readers.checkpoints.zip_members import (
    Archive,
    first_members,
    read_archive,
    starts_as_zip,
)
from ml_debugger.readers.head import Head
from ml_debugger.readers.reader import Reader, Reading

SUFFIXES = (".pt", ".pth", ".ckpt")


def recognise(head: Head) -> str | None:
    """By the member `data.pkl` near the beginning, or a zip under a name of torch's."""
    if not starts_as_zip(head.start):
        return None
    names = first_members(head.start)
    if any(name.rpartition("/")[2] == "data.pkl" for name in names) or head.suffix in SUFFIXES:
        return "torch-zip"
    return None


def read(head: Head, kind: str) -> Reading:
    """Compare every member with its checksum, and read `data.pkl` as opcodes."""
    archive = read_archive(head.file, keep=("data.pkl", "constants.pkl"))
    name = next((member for member in archive.kept if member.endswith("data.pkl")), None)
    if name is None:
        missing = "is a zip archive without the data.pkl that torch.save writes"
        return describe(head, kind, archive.problem or missing)
    details = {"checksums": "compared" if archive.verified else "not compared"}
    try:
        program = Machine(OpcodeStream(io.BytesIO(archive.kept[name]))).run()
    except BrokenPickleError as error:
        return describe(head, kind, archive.problem or f"{name}: {error}", details=details)
    state = state_of(program)
    return describe(
        head,
        kind,
        archive.problem or _missing_storage(archive, name, state),
        tensors=state.tensors,
        epoch=state.epoch,
        step=state.step,
        details=details | torch_details(program, state),
    )


def torch_details(program: Program, state: TorchState) -> dict[str, str]:
    """The names it would import, one a line, and the keys of its outermost dict."""
    return {
        "globals": "\n".join(str(name) for name in program.globals),
        "keys": "\n".join(state.keys),
    }


def _missing_storage(archive: Archive, pickle_name: str, state: TorchState) -> str | None:
    folder = pickle_name.removesuffix("data.pkl")
    for storage in state.storages:
        member = f"{folder}data/{storage.key}"
        size = archive.sizes.get(member)
        if size is None:
            return f"a tensor's values are missing: no member {member}"
        if size < storage.count * storage.item_bytes:
            needed = storage.count * storage.item_bytes
            return f"member {member} holds {size:,} of {needed:,} bytes"
    return None


READER = Reader("torch-zip", recognise, read, SUFFIXES)
