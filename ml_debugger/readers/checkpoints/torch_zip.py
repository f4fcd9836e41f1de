"""Checkpoints of torch.save since PyTorch 1.6: a zip archive with `data.pkl` and raw storages."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import replace

from ml_debugger.readers.checkpoints.describing import describe
from ml_debugger.readers.checkpoints.machine import Machine
from ml_debugger.readers.checkpoints.opcodes import BrokenPickleError, OpcodeStream
from ml_debugger.readers.checkpoints.optimizer_state import optimised
from ml_debugger.readers.checkpoints.spans import BEYOND, Looked, View
from ml_debugger.readers.checkpoints.symbols import Program
from ml_debugger.readers.checkpoints.torch_state import MOST, TorchState, state_of
from ml_debugger.readers.checkpoints.zip_members import (
    Archive,
    first_members,
    read_archive,
    starts_as_zip,
)
from ml_debugger.readers.head import Head
from ml_debugger.readers.reader import Reader, Reading

SUFFIXES = (".pt", ".pth", ".ckpt")
KEPT = ("data.pkl", "constants.pkl", "byteorder")


def recognise(head: Head) -> str | None:
    """By the member `data.pkl` near the beginning, or a zip under a name of torch's."""
    if not starts_as_zip(head.start):
        return None
    names = first_members(head.start)
    if head.suffix in SUFFIXES or any(_is_state(name, names[0]) for name in names):
        return "torch-zip"
    return None


def _is_state(name: str, first: str) -> bool:
    """Whether a member is `data.pkl` of this archive, and not of one that lies within it.

    torch.save puts all members into one folder, whatever it is called.
    """
    folder, _, own = name.rpartition("/")
    return own == "data.pkl" and first.startswith(f"{folder}/" if folder else "data.pkl")


def read(head: Head, kind: str) -> Reading:
    """Compare every member with its checksum, and read `data.pkl` as opcodes."""
    pickle = _Pickle(head.file.name)
    archive = read_archive(head.file, KEPT, pickle.follow)
    if pickle.name is None:
        missing = "is a zip archive without the data.pkl that torch.save writes"
        return describe(head, kind, archive.problem or missing)
    details = {"checksums": "compared" if archive.verified else "not compared"}
    details.update(archive.looked.details)
    if pickle.name in archive.cut:
        return describe(
            head, kind, archive.problem, details=details | {"read": "the beginning only"}
        )
    if pickle.program is None or pickle.state is None:
        problem = archive.problem or f"{pickle.name}: {pickle.problem}"
        return describe(head, kind, problem, details=details)
    state = pickle.state
    broken = archive.problem or _missing_storage(archive, pickle.name, state)
    return described(head, kind, broken, pickle.program, state, archive.looked, details)


class _Pickle:
    """The archive's pickle, followed as soon as it is read: it says where the tensors lie."""

    def __init__(self, file_name: str) -> None:
        self._file_name = file_name
        self.name: str | None = None
        self.program: Program | None = None
        self.state: TorchState | None = None
        self.problem = ""

    def follow(self, kept: Mapping[str, bytes]) -> Mapping[str, tuple[View, ...]]:
        self.name = next((member for member in kept if member.endswith("data.pkl")), None)
        if self.name is None:
            return {}
        try:
            self.program = Machine(OpcodeStream(io.BytesIO(kept[self.name]))).run()
        except BrokenPickleError as error:
            self.problem = str(error)
            return {}
        self.state = state_of(self.program, self._file_name)
        folder = self.name.removesuffix("data.pkl")
        big = kept.get(f"{folder}byteorder", b"").strip() == b"big"
        return {
            f"{folder}data/{key}": tuple(replace(view, big_endian=big) for view in views)
            for key, views in self.state.views.items()
        }


def described(
    head: Head,
    kind: str,
    problem: str | None,
    program: Program,
    state: TorchState,
    looked: Looked,
    details: Mapping[str, str],
) -> Reading:
    """The reading of a torch checkpoint, with the numbers that its training loop stored.

    Details are the names it would import and the keys of its outermost dict, one a line, whole
    modules, and losses that are not the validation loss of this save.
    """

    def number(meaning: str) -> float | None:
        return state.stored.number(meaning, looked.figures)

    others = {name: number(name) for name in ("best_val_loss", "loss")}
    return describe(
        head,
        kind,
        problem,
        tensors=state.tensors,
        epoch=_whole(number("epoch")),
        step=_whole(number("step")),
        val_loss=number("val_loss"),
        details={
            **details,
            "globals": "\n".join(str(name) for name in program.globals),
            "keys": "\n".join(state.keys),
            **({"modules": "\n".join(state.modules)} if state.modules else {}),
            **{name: f"{value:.10g}" for name, value in others.items() if value is not None},
        },
        figures=looked.figures,
        optimised=optimised(program.value, state.tensors),
        training_state=state.parts if program.complete else None,
    )


def _whole(number: float | None) -> int | None:
    return int(number) if number is not None and number == int(number) else None


def _missing_storage(archive: Archive, pickle_name: str, state: TorchState) -> str | None:
    folder = pickle_name.removesuffix("data.pkl")
    for storage in state.storages:
        member = f"{folder}data/{storage.key}"
        if storage.count >= MOST:
            return "a storage states a length that no file has"
        size = archive.sizes.get(member)
        if size is None:
            return f"a tensor's values are missing: no member {member}"
        if size < storage.count * storage.item_bytes:
            needed = storage.count * storage.item_bytes
            return f"member {member} holds {size:,} of {needed:,} bytes"
    beyond = [n for n, why in archive.looked.left_out.items() if why == BEYOND]
    return f"tensor {beyond[0]} reaches beyond its storage" if beyond else None


READER = Reader("torch-zip", recognise, read, SUFFIXES)
