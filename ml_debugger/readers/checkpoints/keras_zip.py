"""Keras 3 models: a zip archive with `config.json`, `metadata.json` and `model.weights.h5`."""

from __future__ import annotations

import zipfile
from dataclasses import replace

from ml_debugger.readers.checkpoints.describing import describe
from ml_debugger.readers.checkpoints.keras_h5 import Held, root_of, values_of
from ml_debugger.readers.checkpoints.zip_members import (
    DAMAGE,
    first_members,
    read_archive,
    start_of,
    starts_as_zip,
)
from ml_debugger.readers.head import Head
from ml_debugger.readers.reader import Reader, Reading

_WEIGHTS = "model.weights.h5"
_MEMBERS = frozenset({"config.json", "metadata.json", _WEIGHTS})
_SUPERBLOCK = 128


def recognise(head: Head) -> str | None:
    """By its members near the beginning, or a zip named `.keras`."""
    if not starts_as_zip(head.start):
        return None
    found = _MEMBERS & set(first_members(head.start))
    return "keras-zip" if len(found) >= 2 or head.suffix == ".keras" else None


def read(head: Head, kind: str) -> Reading:
    """Compare every member with its checksum, and look at the weights in the same reading."""
    start, held = _weights(head)
    views = tuple(replace(view, offset=view.offset - start) for view, _ in held.views)
    archive = read_archive(head.file, place=lambda _kept: {_WEIGHTS: views})
    missing = sorted(_MEMBERS - {"metadata.json"} - set(archive.sizes))
    problem = archive.problem or (f"has no member {missing[0]}" if missing else None)
    archive.looked.left_out.update(held.left_out)
    return describe(
        head,
        kind,
        problem,
        tensors=held.tensors,
        details=archive.looked.details,
        figures=archive.looked.figures,
    )


def _weights(head: Head) -> tuple[int, Held]:
    """Where the member with the weights begins, and what it holds where it is not compressed."""
    try:
        with zipfile.ZipFile(head.file) as archive, head.file.open("rb") as stream:
            member = archive.getinfo(_WEIGHTS)
            if member.compress_type != zipfile.ZIP_STORED:
                return 0, Held(left_out={_WEIGHTS: "is compressed"})
            start = start_of(archive, member)
            stream.seek(start)
            root = root_of(stream.read(_SUPERBLOCK))
            if root is None:
                return start, Held()
            return start, values_of(stream, start + member.file_size, start, root)
    except (KeyError, *DAMAGE):
        # what is wrong with the archive is told by the comparison of its members
        return 0, Held()


READER = Reader("keras-zip", recognise, read)
