"""Reading one file the way the toolkit does: the first reader that recognises it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ml_debugger.artifacts import Checkpoint
from ml_debugger.readers.checkpoints import READERS
from ml_debugger.readers.head import read_head

Read = Callable[[Path], Checkpoint]


def read_file(file: Path) -> Checkpoint:
    head = read_head(file, file.name)
    for reader in READERS:
        kind = reader.recognise(head)
        if kind is not None:
            found = reader.read(head, kind).artifacts
            (artifact,) = (one for one in found if isinstance(one, Checkpoint))
            return artifact
    raise AssertionError(f"no reader takes {file.name}")


@pytest.fixture(scope="session")
def read() -> Read:
    return read_file
