"""Keras 3 models: a zip archive with `config.json`, `metadata.json` and `model.weights.h5`."""

from __future__ import annotations

from ml_debugger.readers.checkpoints.describing import describe
from ml_debugger.readers.checkpoints.zip_members import first_members, read_archive, starts_as_zip
from ml_debugger.readers.head import Head
from ml_debugger.readers.reader import Reader, Reading

_MEMBERS = frozenset({"config.json", "metadata.json", "model.weights.h5"})


def recognise(head: Head) -> str | None:
    """By its members near the beginning, or a zip named `.keras`."""
    if not starts_as_zip(head.start):
        return None
    found = _MEMBERS & set(first_members(head.start))
    return "keras-zip" if len(found) >= 2 or head.suffix == ".keras" else None


def read(head: Head, kind: str) -> Reading:
    """Compare every member with its checksum."""
    archive = read_archive(head.file)
    missing = sorted(_MEMBERS - {"metadata.json"} - set(archive.sizes))
    problem = archive.problem or (f"has no member {missing[0]}" if missing else None)
    return describe(head, kind, problem)


READER = Reader("keras-zip", recognise, read)
