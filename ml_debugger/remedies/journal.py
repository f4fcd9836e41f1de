"""The journal of a repair: what was about to be done and what was done, line by line, synced."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from io import FileIO
from pathlib import Path
from typing import Any

NAME = "journal.jsonl"


class Journal:
    """Appends entries; each is on the disk before the next thing happens."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / NAME
        self._file = self._path.open("ab+", buffering=0)
        if not _ends_whole(self._file):
            self._file.write(b"\n")
        sync_folder(folder)

    def note(self, did: str, **facts: Any) -> None:
        """Append one entry. Raises OSError when the disk takes no more."""
        line = (json.dumps({"did": did, **facts}) + "\n").encode()
        while line:
            # a full disk writes a part first and tells the error with the next call
            line = line[self._file.write(line) :]
        os.fsync(self._file.fileno())

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def entries(folder: Path) -> list[Mapping[str, Any]]:
    """The whole entries of a journal; a last line that was cut off was never acted upon."""
    found = []
    for line in (folder / NAME).read_text(encoding="utf-8").splitlines():
        try:
            found.append(json.loads(line))
        except ValueError:
            continue
    return found


def _ends_whole(file: FileIO) -> bool:
    """Whether the last entry was written whole: the next one begins on a line of its own."""
    if file.seek(0, os.SEEK_END) == 0:
        return True
    file.seek(-1, os.SEEK_END)
    return file.read(1) == b"\n"


def sync_folder(folder: Path) -> None:
    """Bring the names in a folder to the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
