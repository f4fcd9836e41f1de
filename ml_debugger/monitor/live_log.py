"""The monitor's log: whole lines appended to one file, as the engine's log has them."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

_CHUNK = 1 << 20
_ENCODE = json.JSONEncoder(allow_nan=False).encode


class LiveLog:
    """An open log; each `append` is one write, so a killed process leaves whole lines.

    A file that is there already is continued: half a line at its end, which a killed process may
    have left, is cut off. `lines` is how many lines the file has.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self.lines = _repair(path)
        self._stream = path.open("ab", buffering=0)

    def append(self, events: Sequence[Mapping[str, Any]]) -> None:
        """Write events, one a line."""
        self._stream.write("".join(map(as_line, events)).encode())
        self.lines += len(events)

    def close(self) -> None:
        """Close the file."""
        self._stream.close()


def as_line(event: Mapping[str, Any]) -> str:
    """An event as a line of strict JSON: NaN and infinity, which JSON lacks, become words."""
    written = {
        name: str(value) if isinstance(value, float) and not math.isfinite(value) else value
        for name, value in event.items()
    }
    return _ENCODE(written) + "\n"


def _repair(path: Path) -> int:
    """Cut half a line off the end of a file; returns how many whole lines there are."""
    if not path.exists():
        return 0
    lines = position = end = 0
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            lines += chunk.count(b"\n")
            last = chunk.rfind(b"\n")
            if last >= 0:
                end = position + last + 1
            position += len(chunk)
    if end < position:
        os.truncate(path, end)
    return lines
