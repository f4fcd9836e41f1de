"""Saved outputs of nvidia-smi in all its forms."""

from __future__ import annotations

from ml_debugger.artifacts import Artifact
from ml_debugger.nvidia_smi.output import form_of, read_output
from ml_debugger.readers.gpu.lines import Lines
from ml_debugger.readers.head import HEAD_BYTES, Head
from ml_debugger.readers.reader import Reader, Reading, Unreadable


def recognise(head: Head) -> str | None:
    """By titles, labels and column names in the first 64 KiB, whatever the file is called."""
    return form_of(head.text, whole=len(head.start) < HEAD_BYTES) if head.text else None


def read(head: Head, form: str) -> Reading:
    """The last snapshot, and the history where there are several; an error that nvidia-smi
    printed in place of an answer is a snapshot too. Raises Unreadable where nothing is left."""
    lines = Lines(head)
    output = read_output(lines, form, head.shown)
    problem = "; ".join(filter(None, (lines.problem, output.problem))) or None
    if output.snapshot is None:
        raise Unreadable(problem or "names no card", output.line)
    found: list[Artifact] = [output.snapshot]
    found += [output.history] if output.history else []
    return Reading(found, problem, output.line)


READER = Reader("nvidia-smi", recognise, read)
