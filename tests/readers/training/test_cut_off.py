"""A last line that was not written to its end is left out, and said."""

from __future__ import annotations

from pathlib import Path

import pytest

from ml_debugger.artifacts import TrainingRun
from ml_debugger.readers.opening import open_file
from ml_debugger.runtime.description import describe_files

TEXTS = {
    "run.jsonl": '{"step":1,"loss":0.9}\n{"step":2,"loss":0.8}\n{"step":3,"loss":0.7}\n{"step":4',
    "run.csv": "step,loss,val_loss\n1,0.9,0.9\n2,0.8,0.85\n3,0.7,0.8\n4,0",
    "run.log": "step 1 loss=0.9\nstep 2 loss=0.8\nstep 3 loss=0.7\nstep 4 lo",
}


@pytest.mark.parametrize("name", TEXTS)
def test_the_sound_part_is_read_and_the_rest_is_said(name: str, tmp_path: Path) -> None:
    file = tmp_path / name
    file.write_text(TEXTS[name])
    found = open_file(file, name, named=True)
    (run,) = [a for a in found if isinstance(a, TrainingRun)]
    assert list(run.curves["train_loss"].values) == [0.9, 0.8, 0.7]
    told = describe_files(found)[name]
    assert "cut off" in told or "without an end" in told


@pytest.mark.parametrize("name", TEXTS)
def test_a_whole_file_is_not_said_to_be_cut(name: str, tmp_path: Path) -> None:
    file = tmp_path / name
    file.write_text("".join(line + "\n" for line in TEXTS[name].splitlines()[:-1]))
    told = describe_files(open_file(file, name, named=True))[name]
    assert "cut off" not in told
    assert "without an end" not in told
