"""Reading a training log that a test writes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ml_debugger.artifacts import TrainingRun
from ml_debugger.readers.head import read_head
from ml_debugger.readers.reader import Reading
from ml_debugger.readers.training import READERS

ReadLog = Callable[..., Reading | None]


def read_file(path: Path, shown: str | None = None) -> Reading | None:
    """What the first reader that recognises the file makes of it; None when none does."""
    head = read_head(path, shown or path.name)
    for reader in READERS:
        kind = reader.recognise(head)
        if kind is not None:
            return reader.read(head, kind)
    return None


@pytest.fixture
def read_log(write: Callable[[str, str | bytes], Path]) -> ReadLog:
    """Write a log and read it."""

    def read(content: str | bytes, name: str = "run.log") -> Reading | None:
        return read_file(write(name, content), name)

    return read


@pytest.fixture
def runs_of(read_log: ReadLog) -> Callable[..., list[TrainingRun]]:
    """The training runs of a log; none when no reader recognises it."""

    def runs(content: str | bytes, name: str = "run.log") -> list[TrainingRun]:
        reading = read_log(content, name)
        if reading is None:
            return []
        return [run for run in reading.artifacts if isinstance(run, TrainingRun)]

    return runs


@pytest.fixture
def points() -> Callable[[TrainingRun, str], list[tuple[float, float]]]:
    """The (step, value) points of one curve."""

    def points_of(run: TrainingRun, name: str) -> list[tuple[float, float]]:
        curve = run.curves[name]
        return [
            (round(step, 3), value) for step, value in zip(curve.steps, curve.values, strict=True)
        ]

    return points_of
