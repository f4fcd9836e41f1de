"""Rotation keeps the best three by validation loss, each sound, and the newest."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from ml_debugger.contract import Result, Status
from ml_debugger.remedies import rotate_checkpoints
from ml_debugger.remedies.plan import Seen
from ml_debugger.remedies.rotate_checkpoints import plan
from tests.remedies.safetensors_file import write_safetensors

LOSSES = [0.9, 0.5, 0.3, 0.4, 0.2, 0.6, 0.7, 0.8]


def finding(folder: str, pattern: str) -> Result:
    """A finding about the series of a folder."""
    return Result(
        "CKP005", "checkpoint-flood", "infrastructure", Status.FAIL, f"{folder}/{pattern}", "t",
        folder,
    )  # fmt: skip


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """Eight checkpoints whose names tell their validation loss; the third holds a NaN."""
    folder = tmp_path / "run"
    folder.mkdir()
    for epoch, loss in enumerate(LOSSES):
        file = folder / f"epoch={epoch}-val_loss={loss:.2f}.safetensors"
        weights = np.random.default_rng(epoch).normal(size=(8, 8)).astype("float32")
        if epoch == 2:
            weights[0, 0] = np.nan
        write_safetensors(file, {"linear.weight": weights})
        os.utime(file, (1e9 + epoch, 1e9 + epoch))
    return tmp_path


def names(paths: list[Path]) -> list[str]:
    """The epochs of checkpoints."""
    return sorted(path.name.split("-")[0].removeprefix("epoch=") for path in paths)


def test_the_best_three_that_are_sound_stay_and_the_newest(run: Path) -> None:
    made = plan(run, [finding("run", "epoch=*-val_loss=*.safetensors")])
    assert made.obstacle is None
    assert names([kept.path for kept in made.kept]) == ["1", "3", "4", "7"]
    assert names([step.path for step in made.steps]) == ["0", "2", "5", "6"]
    why = {step.path.name.split("-")[0]: step.why for step in made.steps}
    assert "no numbers" in why["epoch=2"]


def test_a_broken_checkpoint_is_none_of_the_three(run: Path) -> None:
    best = run / "run" / "epoch=4-val_loss=0.20.safetensors"
    best.write_bytes(best.read_bytes()[:-40])
    os.utime(best, (1e9 + 4, 1e9 + 4))
    made = plan(run, [finding("run", "epoch=*-val_loss=*.safetensors")])
    assert names([kept.path for kept in made.kept]) == ["1", "3", "5", "7"]


def test_nothing_goes_where_fewer_than_three_are_sound(run: Path) -> None:
    for file in sorted((run / "run").iterdir())[2:]:
        file.write_bytes(file.read_bytes()[:20])
    made = plan(run, [finding("run", "epoch=*-val_loss=*.safetensors")])
    assert made.steps == ()
    assert made.obstacle is not None
    assert "sound" in made.obstacle


def test_a_series_that_is_gone_is_an_obstacle(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    made = plan(tmp_path, [finding("run", "epoch=*.safetensors")])
    assert made.steps == ()
    assert made.obstacle is not None


def test_a_file_that_another_repair_took_meanwhile_is_left_out(
    run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(path: Path) -> Seen:
        if path.name.startswith("epoch=5"):
            raise FileNotFoundError(path)
        return Seen(1, 1)

    monkeypatch.setattr(rotate_checkpoints.Seen, "of", gone)
    made = plan(run, [finding("run", "epoch=*-val_loss=*.safetensors")])
    assert names([step.path for step in made.steps]) == ["0", "2", "6"]
