"""What a file is, in words."""

from __future__ import annotations

import pytest

from ml_debugger.artifacts import FileRead
from ml_debugger.runtime.description import describe_files
from tests.checks.run_judging import a_run


@pytest.mark.parametrize(("count", "text"), [(1, "1 point "), (2, "2 points ")])
def test_one_point_is_not_many(count: int, text: str) -> None:
    read = FileRead("run.csv", "run.csv", "CSV training log")
    words = describe_files([read, a_run({"train_loss": [0.5] * count})])["run.csv"]
    assert text in words
