"""Zip archives of another making that hold pickles, such as those of reinforcement learning."""

from __future__ import annotations

import io

from ml_debugger.readers.checkpoints.describing import describe
from ml_debugger.readers.checkpoints.machine import Machine
from ml_debugger.readers.checkpoints.opcodes import BrokenPickleError, OpcodeStream
from ml_debugger.readers.checkpoints.symbols import Global
from ml_debugger.readers.checkpoints.zip_members import first_members, read_archive, starts_as_zip
from ml_debugger.readers.head import Head
from ml_debugger.readers.reader import Reader, Reading

_ENDINGS = (".pkl", ".pickle")


def recognise(head: Head) -> str | None:
    """By members near the beginning that are named as pickles."""
    if not starts_as_zip(head.start):
        return None
    found = any(name.lower().endswith(_ENDINGS) for name in first_members(head.start))
    return "zip-of-pickles" if found else None


def read(head: Head, kind: str) -> Reading:
    """Compare every member with its checksum, and follow the pickles as opcodes."""
    pickles = {n.rpartition("/")[2] for n in first_members(head.start) if n.endswith(_ENDINGS)}
    archive = read_archive(head.file, keep=pickles)
    problem = archive.problem
    names = dict[Global, None]()
    for member, content in archive.kept.items():
        machine = Machine(OpcodeStream(io.BytesIO(content)))
        try:
            machine.run()
        except BrokenPickleError as error:
            if member not in archive.cut:
                problem = problem or f"member {member}: {error}"
        names.update(dict.fromkeys(machine.globals))
    details = {"globals": "\n".join(str(name) for name in names)}
    return describe(head, kind, problem, details=details)


READER = Reader("zip-of-pickles", recognise, read)
