"""A last line that was not written to its end: ordinary for a log that grows, and said."""

from __future__ import annotations

from dataclasses import replace

from ml_debugger.artifacts import TrainingRun
from ml_debugger.readers.reader import Reading

KEY = "cut_off"
"""Key of `TrainingRun.details`: the number of the line that was left out."""


def cut_off_at(line: int | None, reading: Reading) -> Reading:
    """The reading, its last run marked where the last line was left out; None for no such line."""
    runs = [a for a in reading.artifacts if isinstance(a, TrainingRun)]
    if line is None or not runs:
        return reading
    last = runs[-1]
    marked = replace(last, details={**last.details, KEY: str(line)})
    return replace(reading, artifacts=[marked if a is last else a for a in reading.artifacts])
