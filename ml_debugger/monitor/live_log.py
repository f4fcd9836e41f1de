"""The monitor's log: whole lines appended to one file, as the engine's log has them."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from functools import lru_cache
from math import isfinite
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

    def append(self, lines: Sequence[str]) -> None:
        """Write whole lines; raises OSError where that is not possible."""
        self._stream.write("".join(lines).encode())

    def close(self) -> None:
        """Close the file."""
        self._stream.close()


def event_line(event: Mapping[str, Any]) -> str:
    """An event as a line of JSON."""
    return _ENCODE(event) + "\n"


def row_line(step: float, values: Mapping[str, float]) -> str:
    """The event of a step and its values as a line of strict JSON.

    NaN and infinity, which JSON lacks, become words. Written without the encoder, which takes
    several times as long.
    """
    pairs = [
        f"{_quoted(name)}: {value!r}" if isfinite(value) else f'{_quoted(name)}: "{value}"'
        for name, value in values.items()
    ]
    return f'{{"event": "round", "step": {step!r}, {", ".join(pairs)}}}\n'


@lru_cache(maxsize=4096)
def _quoted(name: str) -> str:
    return _ENCODE(name)


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
